// What the page holds: stored patterns, settings, the start, the chain and what it has done.

const model = {
  patterns: [], // { name, label, spins, stored: place among the page's own patterns, or -1 }
  settings: {}, start: null, label: "", network: null, chain: null, critical: 1,
  temperatures: [], // of every sweep begun
  plan: [], // of the next sweeps, while the network is cooled
  samples: [], every: 1, // t, energy and overlaps
  flips: [], // sites in the order in which they turned
  shown: null, // spins as they are now
  refused: false, // whether the rule cannot store these patterns
};

const SAMPLES = 2000; // kept at most

function unpack(text, N) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return Int8Array.from({ length: N }, (_, i) => ((bytes[i >> 3] >> (7 - i % 8)) & 1 ? 1 : -1));
}

function pack(spins) {
  const bytes = new Uint8Array(Math.ceil(spins.length / 8));
  spins.forEach((spin, i) => { if (spin > 0) bytes[i >> 3] |= 128 >> (i % 8); });
  return btoa(String.fromCharCode(...bytes));
}

function thresholds(data) {
  const { theta } = model.settings;
  if (!data.theta) return new Array(data.sites).fill(theta);
  return data.theta.map((value) => value + theta);
}

function ruleAsked() {
  const { rule, kept } = model.settings;
  return { name: rule, parameters: data.rule.name === rule ? data.rule.parameters : {}, kept };
}

// Couplings that came with the page, if the page's own patterns are stored, all and in order.
function givenCouplings() {
  if (model.settings.rule in LEARNERS || !data.rule.couplings || !isPristine()) return null;
  const bytes = Uint8Array.from(atob(data.rule.couplings), (letter) => letter.charCodeAt(0));
  return new Float64Array(bytes.buffer);
}

function isPristine() {
  return model.patterns.length === data.patterns.length
    && model.patterns.every((pattern, place) => pattern.stored === place);
}

// Store the patterns anew, and start again from the present state.
function rebuild() {
  const patterns = model.patterns.map((pattern) => pattern.spins), given = givenCouplings();
  const able = patterns.length && (model.settings.rule in LEARNERS || given);
  const network = able ? learn(patterns, thresholds(data), ruleAsked(), given) : null;
  model.refused = !network;
  if (network) {
    model.network = network;
    model.critical = criticalTemperature(network);
  }
  return Boolean(network);
}

function how() {
  const { dynamics, order, tie, attempts } = model.settings;
  const once = order !== "random" || dynamics === "sync", noisy = isNoisy();
  return {
    dynamics, order: dynamics === "sync" ? "random" : order, tie: noisy ? "keep" : tie,
    attempts: once ? data.sites : attempts,
  };
}

function isNoisy() {
  return ["metropolis", "glauber"].includes(model.settings.dynamics);
}

// Begin a run from a state.
function begin(spins, label = "") {
  model.start = Int8Array.from(spins);
  model.label = label;
  restart();
}

function restart() {
  model.temperatures = [];
  model.plan = [];
  model.samples = [];
  model.flips = [];
  model.chain = startChain(model.network, how(), chainSeed(model.settings.seed, 0), model.start);
  model.every = Math.max(1, Math.ceil(how().attempts / 16));
  model.shown = Int8Array.from(model.start);
  sample();
}

function sample() {
  const { chain, samples } = model, last = samples[samples.length - 1];
  if (last && last.t === chain.t) return;
  const m = overlapsOf(model.network, classSums(chain));
  samples.push({ t: chain.t, sweep: chain.sweep, T: chain.temperature, E: energyOf(chain), m });
  if (samples.length > SAMPLES) {
    model.samples = samples.filter((_, k) => k % 2 === 0);
    model.every *= 2;
  }
}

function nextTemperature() {
  if (!isNoisy()) return 0;
  return model.plan.length ? model.plan.shift() : model.settings.T;
}

// Make some attempts; return the sites that turned.
function make(attempts) {
  const { chain } = model, turned = [];
  while (attempts > 0) {
    if (chain.t === chain.end || chain.how.dynamics === "sync") {
      if (hasEnded()) break;
      model.temperatures.push(nextTemperature());
      beginSweep(chain, model.temperatures[model.temperatures.length - 1]);
    }
    const before = chain.t;
    const slice = Math.min(attempts, model.every - (chain.t % model.every));
    advance(chain, slice);
    attempts -= Math.max(chain.t - before, 1);
    for (const site of chain.flipped) turned.push(site);
    chain.flipped = [];
    if (chain.t % model.every === 0 || chain.how.dynamics === "sync") sample();
  }
  const { codes } = chain, { width } = model.network;
  for (const site of turned) {
    model.shown[site] = spinOf(codes[site], width);
    model.flips.push(site);
  }
  return turned;
}

// Whether nothing more can change: a fixed point at T = 0, or a cycle of two states.
function hasEnded() {
  const { chain, temperatures, plan } = model;
  if (chain.how.dynamics === "sync") return chain.state !== "ran";
  if (chain.sweep === 0 || plan.length || (isNoisy() && model.settings.T > 0)) return false;
  return temperatures[temperatures.length - 1] === 0 && isStable(chain);
}

// Go to an attempt of this run, by running again to it.
function seek(t) {
  const temperatures = model.temperatures.slice(), rest = model.plan;
  restart();
  model.plan = temperatures;
  while (model.chain.t < t) {
    const before = model.chain.t;
    make(Math.min(t - before, 100000));
    if (model.chain.t === before) break;
  }
  model.plan = t < temperatures.length * model.chain.how.attempts ? [] : rest;
  sample();
}

// --- changes of the picture ---------------------------------------------------------------

// A picture's own random numbers; the chain's are not touched.
function noise(spins, fraction) {
  const order = [...spins.keys()], count = Math.floor(fraction * spins.length + 0.5);
  const changed = Int8Array.from(spins);
  for (let k = 0; k < count; k++) {
    const j = k + Math.floor(Math.random() * (order.length - k));
    [order[k], order[j]] = [order[j], order[k]];
    changed[order[k]] *= -1;
  }
  return changed;
}

function occlude(spins, side, fraction) {
  const [height, width] = data.shape, along = side === "top" || side === "bottom";
  const depth = Math.floor(fraction * (along ? height : width) + 0.5);
  return spins.map((spin, i) => {
    const row = Math.floor(i / width), column = i % width;
    const place = { top: row, bottom: height - 1 - row, left: column, right: width - 1 - column };
    return place[side] < depth ? -1 : spin;
  });
}

// Where the pixels of a picture that are on lie: their mean row and column, and their extent.
function placeOf(spins) {
  const { 1: width } = data.shape, rows = [], columns = [];
  spins.forEach((spin, i) => {
    if (spin <= 0) return;
    rows.push(Math.floor(i / width));
    columns.push(i % width);
  });
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const extent = (values) => Math.max(...values) - Math.min(...values) + 1;
  if (!rows.length) return null;
  return [mean(rows), mean(columns), Math.max(extent(rows), extent(columns))];
}

// The picture moved and scaled to the mean place and extent of the patterns.
function fitted(spins) {
  const [height, width] = data.shape, from = placeOf(spins);
  const places = model.patterns.map((pattern) => placeOf(pattern.spins)).filter(Boolean);
  if (!from || !places.length) return spins;
  const to = from.map((_, k) => places.reduce((sum, place) => sum + place[k], 0) / places.length);
  const scale = from[2] / to[2];
  return spins.map((_, i) => {
    const row = Math.round(from[0] + scale * (Math.floor(i / width) - to[0]));
    const column = Math.round(from[1] + scale * ((i % width) - to[1]));
    return row >= 0 && row < height && column >= 0 && column < width ? spins[row * width + column] : -1;
  });
}

// Two patterns where they agree, random elsewhere.
function blend(first, second) {
  return first.map((spin, i) => (spin === second[i] ? spin : Math.random() < 0.5 ? 1 : -1));
}
