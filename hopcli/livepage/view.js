// Drawing: the state, small pictures, and the curves.

const GLOW = 380; // milliseconds that a site glows after it turned
const LINES = { // of curves, readable on the card
  light: ["#0072b2", "#c24e00", "#00795a", "#a8487c", "#7d5f00", "#3d6fd1", "#6d4590", "#5d5d5d"],
  dark: ["#56b4e9", "#ff8f4a", "#2fc598", "#e29dc0", "#d9c34a", "#9db4ff", "#c3a5e6", "#b5b5b5"],
};
const isDark = window.matchMedia("(prefers-color-scheme: dark)");

const glowing = new Map(); // time at which each glowing site turned
let colours = {};

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "card", "ink", "muted", "rule", "accent", "warm", "glow"])
    colours[name] = style.getPropertyValue(`--${name}`).trim();
}

function lineColour(mu) {
  const lines = isDark.matches ? LINES.dark : LINES.light;
  return mu < lines.length ? lines[mu] : colours.muted;
}

// Give a canvas as many pixels as the screen has for it; return its size on the page.
function fit(canvas) {
  const box = canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(box.width * ratio));
  const height = Math.max(1, Math.round(box.height * ratio));
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  return [width, height, ratio];
}

// Draw the state (or the field of each site); glowing sites have a frame.
function drawState(canvas, now) {
  const [height, width] = data.shape, [pixels, rows] = fit(canvas);
  const brush = canvas.getContext("2d"), edge = (k, n, all) => Math.round((k * all) / n);
  brush.fillStyle = colours.card;
  brush.fillRect(0, 0, pixels, rows);
  const fields = page.showsField ? siteFields() : null;
  for (let i = 0; i < data.sites; i++) {
    const row = Math.floor(i / width), column = i % width, spin = model.shown[i];
    const x = edge(column, width, pixels), y = edge(row, height, rows);
    const w = edge(column + 1, width, pixels) - x, h = edge(row + 1, height, rows) - y;
    if (fields) {
      brush.fillStyle = fields[i] > 0 ? colours.accent : colours.warm;
      brush.globalAlpha = Math.min(1, Math.abs(fields[i]));
      brush.fillRect(x, y, w, h);
      brush.globalAlpha = 1;
    } else if (spin >= 0) {
      brush.fillStyle = spin > 0 ? colours.ink : colours.rule;
      brush.fillRect(x, y, w, h);
    }
    const turned = glowing.get(i);
    if (turned === undefined) continue;
    const left = 1 - (now - turned) / GLOW;
    if (left <= 0) {
      glowing.delete(i);
      continue;
    }
    const frame = Math.max(1, w / 5);
    brush.globalAlpha = left;
    brush.strokeStyle = colours.glow;
    brush.lineWidth = frame;
    brush.strokeRect(x + frame / 2, y + frame / 2, w - frame, h - frame);
    brush.globalAlpha = 1;
  }
  if (width <= 64) drawGrid(brush, width, height, pixels, rows);
  for (const [site, colour] of [[page.looked, colours.accent], [page.cursor, colours.warm]]) {
    if (site < 0 || (site === page.cursor && document.activeElement !== canvas)) continue;
    const x = edge(site % width, width, pixels), y = edge(Math.floor(site / width), height, rows);
    brush.strokeStyle = colour;
    brush.lineWidth = Math.max(2, pixels / 160);
    brush.strokeRect(x, y, pixels / width, rows / height);
  }
}

function drawGrid(brush, width, height, pixels, rows) {
  brush.strokeStyle = colours.rule;
  brush.globalAlpha = 0.45;
  brush.lineWidth = 1;
  brush.beginPath();
  for (let column = 1; column < width; column++) {
    const x = Math.round((column * pixels) / width) + 0.5;
    brush.moveTo(x, 0);
    brush.lineTo(x, rows);
  }
  for (let row = 1; row < height; row++) {
    const y = Math.round((row * rows) / height) + 0.5;
    brush.moveTo(0, y);
    brush.lineTo(pixels, y);
  }
  brush.stroke();
  brush.globalAlpha = 1;
}

function siteFields() {
  const { chain, network } = model, { K, J, width, siteClass, kept } = network;
  const fields = Float64Array.from({ length: K }, (_, a) => fieldOf(chain, a));
  return model.shown.length === 0 ? [] : Array.from(siteClass, (a, i) => (
    fields[a] - (kept ? 0 : J[a * K + a] * spinOf(chain.codes[i], width))));
}

// A small picture, one canvas pixel a site; CSS makes it large.
function drawSmall(canvas, spins) {
  const [height, width] = data.shape;
  canvas.width = width;
  canvas.height = height;
  const brush = canvas.getContext("2d");
  brush.fillStyle = colours.card;
  brush.fillRect(0, 0, width, height);
  brush.fillStyle = colours.ink;
  spins.forEach((spin, i) => {
    if (spin > 0) brush.fillRect(i % width, Math.floor(i / width), 1, 1);
  });
}

// Curves of the overlaps, or of the energy, against sweeps.
function drawCurves(canvas, which) {
  const [width, height, ratio] = fit(canvas), brush = canvas.getContext("2d");
  const left = 44 * ratio, right = 30 * ratio, top = 10 * ratio, bottom = 24 * ratio;
  const { samples } = model, attempts = model.chain.how.attempts;
  const last = Math.max(samples[samples.length - 1].t / attempts, model.settings.sweeps);
  const values = which === "m" ? [[-1, 1]] : [rangeOf(samples.map((one) => one.E))];
  const [low_, high_] = values[0];
  const x = (t) => left + ((width - left - right) * t) / attempts / last;
  const y = (value) => top + (height - top - bottom) * (1 - (value - low_) / (high_ - low_));
  brush.clearRect(0, 0, width, height);
  brush.font = `${12 * ratio}px system-ui, sans-serif`;
  brush.lineWidth = ratio;
  brush.textBaseline = "middle";
  brush.textAlign = "right";
  const marks = which === "m" ? [-1, 0, 1] : [low_, (low_ + high_) / 2, high_];
  for (const mark of marks) {
    brush.strokeStyle = colours.rule;
    line(brush, left, y(mark), width - right, y(mark));
    brush.fillStyle = colours.muted;
    const text = which === "m" ? String(mark) : String(Math.round(mark));
    brush.fillText(text.replace("-", "\u2212"), left - 6 * ratio, y(mark));
  }
  brush.textAlign = "center";
  for (const mark of [0, 0.5, 1]) {
    const sweeps = Math.round(last * mark * 10) / 10;
    brush.fillText(String(sweeps), x(sweeps * attempts), height - bottom / 2);
  }
  const names = [];
  if (which === "m") {
    brush.setLineDash([4 * ratio, 4 * ratio]);
    brush.strokeStyle = colours.muted;
    line(brush, left, y(model.settings.criterion), width - right, y(model.settings.criterion));
    brush.setLineDash([]);
    model.patterns.forEach(({ name }, mu) => {
      curve(brush, samples, x, y, lineColour(mu), (one) => one.m[mu], ratio);
      names.push({ name: shown(name), colour: lineColour(mu), at: y(samples[samples.length - 1].m[mu]) });
    });
  } else curve(brush, samples, x, y, colours.accent, (one) => one.E, ratio);
  if (names.length > 12) return;
  brush.textAlign = "left";
  names.sort((one, other) => one.at - other.at);
  let above = -Infinity;
  const end = Math.min(x(samples[samples.length - 1].t) + 5 * ratio, width - right + 4 * ratio);
  for (const { name, colour, at } of names) {
    above = Math.max(at, above + 12 * ratio);
    brush.fillStyle = colour;
    brush.fillText([...name].slice(0, 4).join(""), end, Math.min(above, height - 6 * ratio));
  }
}

function rangeOf(values) {
  let low_ = Infinity, high_ = -Infinity;
  for (const value of values) {
    low_ = Math.min(low_, value);
    high_ = Math.max(high_, value);
  }
  const room = Math.max((high_ - low_) * 0.08, 1);
  return [low_ - room, high_ + room];
}

function line(brush, x0, y0, x1, y1) {
  brush.beginPath();
  brush.moveTo(x0, y0);
  brush.lineTo(x1, y1);
  brush.stroke();
}

function curve(brush, samples, x, y, colour, value, ratio) {
  brush.strokeStyle = colour;
  brush.lineWidth = 1.8 * ratio;
  brush.beginPath();
  samples.forEach((one, k) => brush[k ? "lineTo" : "moveTo"](x(one.t), y(value(one))));
  brush.stroke();
  brush.lineWidth = ratio;
}
