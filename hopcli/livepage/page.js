// The page: what is pressed, what runs, and what is said.

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const RULE_NAMES = [...new Set([...Object.keys(LEARNERS), data.rule.name])];
const DYNAMICS_NAMES = Object.keys(RULES_OF_DYNAMICS);
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
const LONGEST = 40; // letters of a name that are shown
const SLOW = 500; // milliseconds between two pictures, where motion is reduced

const page = {
  language: data.language, showsField: false, looked: -1, cursor: -1, pen: "draw",
  running: false, target: 0, budget: 0, drawn: 0, frame: 0, past: null, grey: null,
  status: () => "", tray: [], counting: false, stopsCounting: false, times: [],
};

// --- words --------------------------------------------------------------------------------

function say(key, values = {}) {
  const text = data.texts[page.language][key];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

function number(value, digits = 2, least = 0) {
  const form = { minimumFractionDigits: least, maximumFractionDigits: digits, signDisplay: "negative" };
  return value.toLocaleString(page.language, form).replace("-", "\u2212");
}

function tell(status) {
  page.status = status;
  byId("outcome").textContent = status();
}

// A name from a file as it is shown: not too long, and unable to turn the text around it.
function shown(name) {
  const letters = [...name.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "")];
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join("")}\u2026` : letters.join("");
}

function inList(names) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} ${say("and")} ${names[names.length - 1]}`;
}

function ruleName(name) {
  return `rule-${name}` in data.texts[page.language] ? say(`rule-${name}`) : name;
}

// The outcome in the words of the taxonomy.
function outcomeText(end) {
  const { kind, nearest, m, members } = end, { name, label } = model.patterns[nearest];
  const values = { name: shown(name), m: number(m[nearest]), T: number(model.chain.temperature), Tc: number(model.critical) };
  if (kind === "pattern") {
    const stored = model.patterns.some((pattern) => pattern.label === model.label);
    return stored && label !== model.label ? say("out-other", { ...values, own: shown(model.label) }) : say("out-pattern", values);
  }
  if (kind === "mixture") {
    const names = members.map(({ mu, sign }) => (
      sign > 0 ? shown(model.patterns[mu].name) : say("minus", { name: shown(model.patterns[mu].name) })));
    return say("out-mixture", { names: inList(names) });
  }
  if (kind !== "unsettled") return say(`out-${kind}`, values);
  const T = model.chain.temperature;
  if (T > model.critical) return say("out-above", values);
  return say(T > 0.75 * model.critical ? "out-near" : "out-unsettled", values);
}

// --- running ------------------------------------------------------------------------------

function speed() {
  const most = 20 * how().attempts, least = 0.05;
  return least * (most / least) ** (Number(byId("speed").value) / 100);
}

function start() {
  if (page.running) return;
  if (hasEnded()) {
    stop(true);
    return;
  }
  page.running = true;
  page.budget = 0;
  page.target = model.chain.sweep + Math.max(model.settings.sweeps, model.plan.length);
  byId("run").textContent = say("pause");
  tell(() => say("running"));
  wake();
}

function stop(settled) {
  page.running = false;
  byId("run").textContent = say("run");
  if (settled) {
    sample();
    const end = classifyChain(model.chain, model.settings.criterion);
    tell(() => outcomeText(end));
    collect(end);
    judge(end);
  } else tell(() => say("paused"));
  page.past = null;
  keepAddress();
  wake();
}

// Make attempts, show what turned, and stop where the run ends.
function go(attempts, now) {
  page.past = null;
  const turned = make(attempts);
  if (!calm.matches) for (const site of turned) glowing.set(site, now);
  const { chain } = model, done = hasEnded() || (chain.t === chain.end && chain.sweep >= page.target);
  if (page.running && (done || (chain.how.dynamics === "sync" && chain.sweep >= page.target))) stop(true);
}

function wake() {
  if (!page.frame) page.frame = requestAnimationFrame(tick);
}

function tick(now) {
  page.frame = 0;
  page.times.push(now);
  if (page.times.length > 600) page.times.shift();
  if (page.running) {
    page.budget += speed();
    const whole = model.chain.how.dynamics === "sync" ? data.sites : 1;
    const { sweep, t, begin: first, end, how: asked } = model.chain;
    const done = t === end ? 0 : t - first; // of the sweep that is under way
    const left = (page.target - sweep) * asked.attempts - done;
    const attempts = Math.min(Math.floor(page.budget / whole) * whole, left);
    if (attempts > 0) {
      page.budget -= attempts;
      go(attempts, now);
    }
  }
  if (!page.running || !calm.matches || now - page.drawn > SLOW) {
    page.drawn = now;
    draw(now);
  }
  if (page.running || glowing.size) wake();
}

let frames_ = 0;

function draw(now) {
  drawState(byId("state"), now);
  showOverlaps();
  showNumbers();
  frames_++;
  const heavy = model.samples.length * Math.min(model.patterns.length, 12) > 6000;
  if (!page.running || frames_ % (heavy ? 10 : 3) === 0) {
    drawCurves(byId("curve-m"), "m");
    drawCurves(byId("curve-e"), "e");
  }
  if (page.looked >= 0) showPixel();
}

function showNumbers() {
  const { chain } = model, sweeps = chain.t / chain.how.attempts;
  byId("numbers").textContent = say("numbers", {
    sweeps: number(sweeps, 1), attempts: number(chain.t, 0), E: number(energyOf(chain), 1),
    T: number(isNoisy() ? (page.running ? chain.temperature : model.plan[0] ?? model.settings.T) : 0),
  });
  const rewind = byId("rewind"), furthest = page.past ? page.past.t : chain.t;
  rewind.max = String(Math.max(furthest, 1));
  rewind.value = String(chain.t);
  rewind.disabled = furthest === 0;
  byId("rewind-value").textContent = number(sweeps, 1);
}

// --- stored patterns ----------------------------------------------------------------------

function ownPatterns() {
  return data.patterns.map(({ name, label, spins }, stored) => (
    { name, label, spins: unpack(spins, data.sites), stored }));
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function listPatterns() {
  const list = byId("patterns");
  list.replaceChildren(...model.patterns.map((pattern, mu) => {
    const picture = element("canvas", { "aria-hidden": "true" });
    drawSmall(picture, pattern.spins);
    const load = element("button", { type: "button", class: "small", "aria-label": say("pattern-load", { name: shown(pattern.name) }) }, picture);
    load.addEventListener("click", () => edit(pattern.spins, pattern.label));
    const bar = element("div", { class: "bar", "aria-hidden": "true" }, element("i"), element("b"));
    const row = element("li", {}, load, element("span", { class: "name", dir: "auto", title: pattern.name }, shown(pattern.name)), bar, element("span", { class: "value" }));
    if (pattern.stored < 0) {
      const forget = element("button", { type: "button", "aria-label": say("pattern-forget", { name: shown(pattern.name) }) }, "\u00d7");
      forget.addEventListener("click", () => forgetPatterns((other) => other === pattern));
      row.className = "added";
      row.append(forget);
    }
    row.dataset.mu = String(mu);
    return row;
  }));
  for (const id of ["blend-a", "blend-b"]) {
    const chosen = byId(id).value;
    byId(id).replaceChildren(...model.patterns.map(({ name }, mu) => element("option", { value: String(mu) }, shown(name))));
    byId(id).value = chosen && Number(chosen) < model.patterns.length ? chosen : "0";
  }
  if (byId("blend-a").value === byId("blend-b").value)
    byId("blend-b").value = String((Number(byId("blend-a").value) + 1) % model.patterns.length);
  byId("blend-row").hidden = model.patterns.length < 2;
  byId("forget-added").hidden = model.patterns.every(({ stored }) => stored >= 0);
  const p = model.patterns.length;
  byId("load-line").textContent = say("load-line", { p: number(p), N: number(data.sites), load: number(p / data.sites, 4) });
  byId("about").textContent = say(data.patterns.length === 1 ? "about-one" : "about", { N: number(data.sites), p: number(data.patterns.length) });
}

function showOverlaps() {
  const m = overlapsOf(model.network, classSums(model.chain)), best = nearestOf(m);
  for (const row of byId("patterns").children) {
    const mu = Number(row.dataset.mu), [bar, criterion] = row.children[2].children;
    bar.style.transform = `scaleX(${m[mu]})`;
    bar.className = m[mu] < 0 ? "minus" : "";
    criterion.style.left = `${50 + 50 * model.settings.criterion}%`;
    row.children[3].textContent = number(m[mu], 2, 2);
    row.classList.toggle("best", mu === best);
  }
}

function storePicture() {
  const taken = new Set(model.patterns.map(({ name }) => name));
  let n = 1;
  const named = () => (model.label ? `${model.label}+${n}` : say("added-name", { n }));
  while (taken.has(named())) n++;
  const name = named(), spins = Int8Array.from(model.shown);
  model.patterns.push({ name, label: model.label || name, spins, stored: -1 });
  if (!rebuild()) {
    model.patterns.pop();
    rebuild();
    tell(() => say("refused-store", { rule: ruleName(model.settings.rule) }));
    return;
  }
  const p = model.patterns.length;
  const held = model.patterns.filter((pattern) => (
    isFixedPoint(startChain(model.network, how(), [0, 0], pattern.spins)))).length;
  changed();
  tell(() => say(held < p ? "stored-fails" : "stored", { name: shown(name), p, held }));
}

function forgetPatterns(which) {
  model.patterns = model.patterns.filter((pattern) => !which(pattern));
  rebuild();
  changed();
  tell(() => say("forgotten"));
}

// After another network: the present state is the start of a new run.
function changed() {
  page.running = false;
  byId("run").textContent = say("run");
  begin(model.shown, model.label);
  page.past = null;
  listPatterns();
  showSettings();
  keepAddress();
  wake();
}

function edit(spins, label = "", status = () => say("ready")) {
  page.running = false;
  byId("run").textContent = say("run");
  glowing.clear();
  begin(spins, label);
  page.past = null;
  tell(status);
  keepAddress();
  wake();
}

// Keep a state that attracts the network and was never stored.
function collect({ kind, m, nearest }) {
  if (!["mixture", "fixed-point"].includes(kind)) return;
  if (kind === "mixture" && !isFixedPoint(model.chain) && model.chain.temperature === 0) return;
  const spins = Int8Array.from(model.shown);
  const alike = ({ spins: other }) => {
    let sum = 0;
    other.forEach((spin, i) => { sum += spin * spins[i]; });
    return Math.abs(sum) >= 0.98 * spins.length;
  };
  if (page.tray.some(alike)) return;
  page.tray.push({ kind, spins, m: m[nearest] });
  showTray();
}

function showTray() {
  byId("tray-empty").hidden = page.tray.length > 0;
  byId("tray").replaceChildren(...page.tray.map(({ kind, spins }, n) => {
    const picture = element("canvas", { "aria-hidden": "true" });
    drawSmall(picture, spins);
    const label = say("tray-item", { n: n + 1, kind: say(`kind-${kind}`) });
    const load = element("button", { type: "button", class: "small", "aria-label": label, title: label }, picture);
    load.addEventListener("click", () => edit(spins));
    return element("li", {}, load);
  }));
}

// --- the address and other languages ------------------------------------------------------

function keepAddress() {
  showCalls();
  try {
    history.replaceState(null, "", address());
  } catch { /* a page in a frame has none */ }
}

function translate() {
  document.documentElement.lang = page.language;
  document.title = say("title");
  for (const one of document.querySelectorAll("[data-t]")) one.textContent = say(one.dataset.t);
  for (const one of document.querySelectorAll("[data-l]")) one.setAttribute("aria-label", say(one.dataset.l));
  byId("run").textContent = say(page.running ? "pause" : "run");
  byId("count-images").textContent = say("count-images", { n: data.images.labels.length });
  const [height, width] = data.shape;
  byId("state").setAttribute("aria-label", say("state-label", { height, width }));
  byId("rule").replaceChildren(...RULE_NAMES.map((name) => element("option", { value: name }, ruleName(name))));
  byId("outcome").textContent = page.status();
  listPatterns();
  showSettings();
  showTray();
  if (lesson.step >= 0) showLesson();
  if (page.looked >= 0) showPixel();
  showCalls();
}
