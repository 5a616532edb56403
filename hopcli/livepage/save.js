// Files that the page saves: a PNG, a GIF, a table, and pictures as text.

function saveAs(name, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// Whole pixels a site, so that edges stay sharp.
function scaleOf() {
  return Math.max(1, Math.round(336 / Math.max(...data.shape)));
}

function savePng() {
  const [height, width] = data.shape, scale = scaleOf(), canvas = document.createElement("canvas");
  canvas.width = width * scale;
  canvas.height = height * scale;
  const brush = canvas.getContext("2d");
  brush.fillStyle = "#ffffff";
  brush.fillRect(0, 0, canvas.width, canvas.height);
  model.shown.forEach((spin, i) => {
    brush.fillStyle = spin > 0 ? "#1d1d1b" : "#b0b0b0";
    if (spin >= 0) brush.fillRect((i % width) * scale, Math.floor(i / width) * scale, scale, scale);
  });
  canvas.toBlob((blob) => saveAs("state.png", blob));
}

// A row a sample: attempts, sweeps, temperature, energy, and the overlap with each pattern.
function table() {
  const field = (text) => (/[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
  const names = model.patterns.map(({ name }) => field(`m_${name}`));
  const rows = model.samples.map(({ t, T, E, m }) => (
    [t, t / model.chain.how.attempts, T, E, ...m].join(",")));
  return [["attempt", "sweep", "temperature", "energy", ...names].join(","), ...rows, ""].join("\n");
}

// --- GIF [GIF89a] -------------------------------------------------------------------------

// The states of the run from its start, at most so many, with those that follow the last flip.
function frames(most) {
  const spins = Int8Array.from(model.start), shots = [Int8Array.from(spins)], { flips } = model;
  const every = Math.max(1, Math.ceil(flips.length / most));
  flips.forEach((site, k) => {
    spins[site] = spins[site] > 0 ? -1 : 1;
    if ((k + 1) % every === 0 || k === flips.length - 1) shots.push(Int8Array.from(spins));
  });
  return shots;
}

function gif(shots, scale) {
  const [height, width] = data.shape, bytes = [], word = (n) => bytes.push(n & 255, n >> 8);
  const text = (letters) => bytes.push(...[...letters].map((letter) => letter.charCodeAt(0)));
  text("GIF89a");
  word(width * scale);
  word(height * scale);
  bytes.push(0x80, 0, 0, 255, 255, 255, 29, 29, 27); // two colours: paper and ink
  bytes.push(0x21, 0xff, 11);
  text("NETSCAPE2.0");
  bytes.push(3, 1, 0, 0, 0); // again and again
  shots.forEach((shot, k) => {
    bytes.push(0x21, 0xf9, 4, 0);
    word(k === shots.length - 1 || k === 0 ? 150 : 6); // hundredths of a second
    bytes.push(0, 0, 0x2c, 0, 0, 0, 0);
    word(width * scale);
    word(height * scale);
    bytes.push(0, 2);
    const packed = lzw(pixelsOf(shot, scale));
    for (let at = 0; at < packed.length; at += 255) {
      const part = packed.slice(at, at + 255);
      bytes.push(part.length, ...part);
    }
    bytes.push(0);
  });
  bytes.push(0x3b);
  return Uint8Array.from(bytes);
}

function pixelsOf(shot, scale) {
  const [height, width] = data.shape, pixels = new Uint8Array(height * width * scale * scale);
  for (let y = 0; y < height * scale; y++)
    for (let x = 0; x < width * scale; x++) {
      const site = Math.floor(y / scale) * width + Math.floor(x / scale);
      pixels[y * width * scale + x] = shot[site] > 0 ? 1 : 0;
    }
  return pixels;
}

// Compress pixels of two bits [Lempel, Ziv, Welch].
function lzw(pixels) {
  const clear = 4, out = [];
  let size = 3, codes = new Map(), next = 6, bits = 0, held = 0;
  const write = (code) => {
    held |= code << bits;
    bits += size;
    for (; bits >= 8; bits -= 8, held >>= 8) out.push(held & 255);
  };
  write(clear);
  let prefix = pixels[0];
  for (let k = 1; k < pixels.length; k++) {
    const key = prefix * 4 + pixels[k], known = codes.get(key);
    if (known !== undefined) {
      prefix = known;
      continue;
    }
    write(prefix);
    if (next < 4096) {
      codes.set(key, next);
      if (next === 1 << size) size++;
      next++;
    } else {
      write(clear);
      [size, codes, next] = [3, new Map(), 6];
    }
    prefix = pixels[k];
  }
  write(prefix);
  write(5);
  if (bits) out.push(held & 255);
  return out;
}
