// The controls: drawing, settings, pictures.

// --- drawing ------------------------------------------------------------------------------

function siteAt(event) {
  const box = byId("state").getBoundingClientRect(), [height, width] = data.shape;
  const column = Math.floor(((event.clientX - box.left) / box.width) * width);
  const row = Math.floor(((event.clientY - box.top) / box.height) * height);
  return row >= 0 && row < height && column >= 0 && column < width ? row * width + column : -1;
}

// A pen is wider where pixels are small, as a digit's strokes are.
function paint(site, value) {
  const [height, width] = data.shape, wide = Math.min(height, width) >= 16 ? 1 : 0;
  const row = Math.floor(site / width), column = site % width;
  for (let y = Math.max(row - wide, 0); y <= Math.min(row + wide, height - 1); y++)
    for (let x = Math.max(column - wide, 0); x <= Math.min(column + wide, width - 1); x++) model.shown[y * width + x] = value;
}

function paintLine(from, to, value) {
  const { 1: width } = data.shape, point = (site) => [Math.floor(site / width), site % width];
  const [r0, c0] = point(from), [r1, c1] = point(to);
  const steps = Math.max(Math.abs(r1 - r0), Math.abs(c1 - c0), 1);
  for (let k = 0; k <= steps; k++) {
    const row = Math.round(r0 + ((r1 - r0) * k) / steps), column = Math.round(c0 + ((c1 - c0) * k) / steps);
    paint(row * width + column, value);
  }
}

function wireDrawing() {
  const canvas = byId("state");
  let last = -1;
  canvas.addEventListener("pointerdown", (event) => {
    const site = siteAt(event);
    if (event.button || site < 0) return;
    event.preventDefault();
    canvas.focus({ preventScroll: true });
    page.cursor = site;
    if (page.pen === "look") {
      look(site);
      return;
    }
    canvas.setPointerCapture(event.pointerId);
    page.running = false;
    byId("run").textContent = say("run");
    last = site;
    paint(site, page.pen === "draw" ? 1 : -1);
    wakeDrawn();
  });
  canvas.addEventListener("pointermove", (event) => {
    const site = siteAt(event);
    if (last < 0 || site < 0) return;
    paintLine(last, site, page.pen === "draw" ? 1 : -1);
    last = page.cursor = site;
    wakeDrawn();
  });
  for (const end of ["pointerup", "pointercancel"])
    canvas.addEventListener(end, () => {
      if (last >= 0) edit(model.shown);
      last = -1;
    });
  canvas.addEventListener("keydown", (event) => {
    const [height, width] = data.shape, site = Math.max(page.cursor, 0);
    const row = Math.floor(site / width), column = site % width;
    const moves = {
      ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in moves) {
      const [down, right] = moves[event.key];
      const y = Math.min(Math.max(row + down, 0), height - 1), x = Math.min(Math.max(column + right, 0), width - 1);
      page.cursor = page.cursor < 0 ? 0 : y * width + x;
    } else if (event.key === " ") {
      page.cursor = site;
      if (page.pen === "look") look(site);
      else {
        model.shown[site] = model.shown[site] > 0 ? -1 : 1;
        edit(model.shown);
      }
    } else if (event.key === "Enter") (page.running ? stop : start)(false);
    else return;
    event.preventDefault();
    tellCell();
    wake();
  });
  canvas.addEventListener("focus", wake);
  canvas.addEventListener("blur", wake);
}

// While a stroke is drawn, the chain follows the picture.
function wakeDrawn() {
  begin(model.shown);
  page.past = null;
  tell(() => say("ready"));
  wake();
}

function tellCell() {
  const { 1: width } = data.shape, site = page.cursor;
  byId("cell").textContent = say("cell", {
    row: Math.floor(site / width) + 1, column: (site % width) + 1,
    value: say(model.shown[site] > 0 ? "on" : "off"),
  });
}

// --- settings -----------------------------------------------------------------------------

function showSettings() {
  const { settings } = model;
  for (const id of ["dynamics", "order", "tie", "sweeps", "seed", "theta", "criterion"]) byId(id).value = String(settings[id]);
  byId("rule").value = settings.rule;
  byId("kept").checked = settings.kept;
  byId("temperature").value = String(settings.T);
  byId("per").value = settings.attempts === data.sites ? "all" : "half";
  byId("temperature").disabled = byId("cool").disabled = !isNoisy();
  byId("tie").disabled = isNoisy();
  byId("order").disabled = settings.dynamics === "sync";
  byId("per").disabled = settings.dynamics === "sync" || settings.order !== "random";
  byId("temperature-value").textContent = number(isNoisy() ? settings.T : 0);
  byId("theta-value").textContent = number(settings.theta);
  byId("criterion-value").textContent = number(settings.criterion);
  byId("amount-value").textContent = number(Number(byId("amount").value));
  byId("threshold-value").textContent = byId("threshold").value;
  byId("critical").textContent = isNoisy() ? say("critical", { Tc: number(model.critical) }) : say("critical-none");
  showSpeed();
  pressed();
}

function showSpeed() {
  const attempts = speed(), all = how().attempts;
  byId("speed-value").textContent = attempts < all
    ? say("attempts-a-frame", { n: number(attempts, attempts < 10 ? 1 : 0) })
    : say("sweeps-a-frame", { n: number(attempts / all, 1) });
}

function pressed() {
  for (const id of ["draw", "erase", "look"]) byId(id).setAttribute("aria-pressed", String(page.pen === id));
  byId("field").setAttribute("aria-pressed", String(page.showsField));
}

// Another network or update rule: learn anew, and start from the present state.
function apply(name, value) {
  const before = model.settings[name];
  model.settings[name] = value;
  const learns = ["rule", "kept", "theta"].includes(name);
  if (learns && !rebuild()) {
    model.settings[name] = before;
    rebuild();
    const rule = ruleName(value);
    showSettings();
    tell(() => say("refused-rule", { rule }));
    return;
  }
  changed();
  tell(() => say("ready"));
}

function wireSettings() {
  const on = (id, event, act) => byId(id).addEventListener(event, act);
  for (const id of ["rule", "dynamics", "order", "tie"]) on(id, "change", () => apply(id, byId(id).value));
  on("kept", "change", () => apply("kept", byId("kept").checked));
  on("per", "change", () => apply("attempts", byId("per").value === "all" ? data.sites : Math.max(1, Math.floor(data.sites / 2))));
  on("theta", "change", () => apply("theta", Number(byId("theta").value)));
  on("theta", "input", () => { byId("theta-value").textContent = number(Number(byId("theta").value)); });
  on("temperature", "input", () => {
    model.settings.T = Number(byId("temperature").value);
    model.plan = [];
    showSettings();
    wake();
  });
  on("temperature", "change", keepAddress);
  on("criterion", "input", () => {
    model.settings.criterion = Number(byId("criterion").value);
    showSettings();
    wake();
  });
  on("criterion", "change", () => {
    keepAddress();
    if (!page.running && model.chain.t > 0) stop(true);
  });
  on("sweeps", "change", () => {
    const sweeps = Math.round(Number(byId("sweeps").value));
    model.settings.sweeps = Math.min(Math.max(sweeps || 1, 1), 100000);
    showSettings();
    keepAddress();
    wake();
  });
  on("seed", "change", () => {
    const text = byId("seed").value.trim();
    if (!/^\d{1,30}$/.test(text)) {
      byId("seed").value = model.settings.seed;
      tell(() => say("bad-seed"));
      return;
    }
    model.settings.seed = BigInt(text).toString();
    edit(model.start, model.label);
  });
  on("speed", "input", showSpeed);
  on("cool", "click", () => {
    const { settings } = model, from = Math.max(settings.T, 1.2 * model.critical), n = Math.max(40, settings.sweeps);
    page.running = false;
    model.plan = Array.from({ length: n }, (_, k) => from ** (1 - k / (n - 1)) * 0.05 ** (k / (n - 1)));
    settings.T = 0.05;
    showSettings();
    start();
    tell(() => say("cooling", { T: number(from), n }));
  });
  on("run", "click", () => (page.running ? stop(false) : start()));
  on("attempt", "click", () => step(1));
  on("sweep", "click", () => {
    const { chain } = model, left = chain.end - chain.t;
    step(chain.how.dynamics === "sync" ? data.sites : left || chain.how.attempts);
  });
  on("restart", "click", () => edit(model.start, model.label));
  on("rewind", "input", () => {
    const t = Number(byId("rewind").value);
    page.running = false;
    byId("run").textContent = say("run");
    if (!page.past) page.past = { t: model.chain.t, temperatures: model.temperatures.slice() };
    model.temperatures = page.past.temperatures.slice();
    seek(t);
    glowing.clear();
    tell(() => say("paused"));
    wake();
  });
  on("rewind", "change", keepAddress);
  for (const id of ["draw", "erase", "look"])
    on(id, "click", () => {
      page.pen = id;
      if (id !== "look") look(-1);
      pressed();
    });
  on("field", "click", () => {
    page.showsField = !page.showsField;
    pressed();
    wake();
  });
  on("clear", "click", () => edit(new Int8Array(data.sites).fill(-1)));
  on("store", "click", storePicture);
  on("forget-added", "click", () => forgetPatterns(({ stored }) => stored < 0));
}

function step(attempts) {
  const { chain } = model, before = chain.t;
  page.running = false;
  byId("run").textContent = say("run");
  page.target = Infinity;
  go(attempts, performance.now());
  sample();
  if (chain.t === before || chain.t === chain.end) stop(true);
  else stop(false);
}

// --- pictures -----------------------------------------------------------------------------

const nextImage = new Map(); // how many of each label were shown

function wirePictures() {
  const on = (id, act) => byId(id).addEventListener("click", act);
  const labels = [...new Set(data.images.labels)];
  byId("images-row").hidden = byId("count-images").hidden = !labels.length;
  byId("image-label").replaceChildren(...labels.map((label) => element("option", { value: label }, shown(label))));
  on("image", () => {
    const label = byId("image-label").value;
    const places = data.images.labels.flatMap((one, k) => (one === label ? [k] : []));
    const turn = nextImage.get(label) || 0;
    nextImage.set(label, turn + 1);
    const spins = unpack(data.images.spins[places[turn % places.length]], data.sites);
    edit(spins, label, () => say("image-loaded", { label: shown(label) }));
  });
  byId("image-label").addEventListener("change", () => byId("image").click());
  byId("amount").addEventListener("input", showSettings);
  on("noise", () => edit(noise(model.shown, Number(byId("amount").value)), model.label));
  on("invert", () => edit(model.shown.map((spin) => -spin), model.label));
  on("occlude", () => edit(occlude(model.shown, byId("side").value, Number(byId("amount").value)), model.label));
  on("fit", () => edit(fitted(model.shown), model.label));
  on("blend", () => {
    const [first, second] = ["blend-a", "blend-b"].map((id) => model.patterns[Number(byId(id).value)].spins);
    edit(blend(first, second));
  });
  const drop = byId("drop");
  for (const name of ["dragover", "drop", "dragleave"])
    document.addEventListener(name, (event) => {
      if (name !== "dragleave") event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files.length) takeFile(event.dataTransfer.files[0]);
    });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData && event.clipboardData.files.length) takeFile(event.clipboardData.files[0]);
  });
  byId("file").addEventListener("change", () => {
    if (byId("file").files.length) takeFile(byId("file").files[0]);
  });
  byId("threshold").addEventListener("input", takeGrey);
  byId("dark").addEventListener("change", takeGrey);
}

async function takeFile(file) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    tell(() => say("own-bad"));
    return;
  }
  const [height, width] = data.shape, canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  brush.fillStyle = "#ffffff";
  brush.fillRect(0, 0, width, height);
  const scale = Math.min(width / picture.width, height / picture.height);
  const w = picture.width * scale, h = picture.height * scale;
  brush.imageSmoothingQuality = "high";
  brush.drawImage(picture, (width - w) / 2, (height - h) / 2, w, h);
  const { data: values } = brush.getImageData(0, 0, width, height);
  page.grey = Array.from({ length: data.sites }, (_, i) => (
    0.299 * values[4 * i] + 0.587 * values[4 * i + 1] + 0.114 * values[4 * i + 2]));
  const sorted = [...page.grey].sort((x, y) => x - y);
  byId("threshold").value = String(Math.round((sorted[0] + sorted[sorted.length - 1]) / 2));
  byId("own-tools").hidden = false;
  takeGrey();
}

function takeGrey() {
  const threshold = Number(byId("threshold").value), dark = byId("dark").checked;
  byId("threshold-value").textContent = String(threshold);
  edit(Int8Array.from(page.grey, (grey) => ((dark ? grey <= threshold : grey > threshold) ? 1 : -1)),
    "", () => say("own-loaded"));
}
