// The physics of the page: single-site updates, attempt by attempt, as in hopcli/_kernels.
//
// A network is the class of each site and one coupling matrix between classes. A site's code
// is its class and its value, class + width * (S + 1). Turning a site costs dE = 2x, where
// x = S (h - theta) is its alignment. A chain started with the same seed, state and settings
// ends in the same state here and in Python: the draws, the rounding of the couplings to whole
// steps and the waiting times are the same.

const RULES_OF_DYNAMICS = {
  metropolis: { keep: 0 }, glauber: { keep: 1 }, async: { keep: 2, up: 3, down: 4 },
  sync: { keep: 2, up: 3, down: 4 },
};
const METROPOLIS = 0, GLAUBER = 1, SIGN_KEEP = 2, SIGN_UP = 3, SIGN_DOWN = 4;
const TIE = 1e-9; // a field this near its threshold ties with it
const LANES = 32; // the width is a multiple of it
const BLOCK = 256; // attempts between two looks at the waiting
const ONE = 127 * 2 ** 23; // the bits of 1 as a float32
const ALWAYS = 2 ** 31 - 1; // level of codes that no site has

// --- numbers of 64 bits, as two words -----------------------------------------------------

const GAMMA = [0x9e3779b9, 0x7f4a7c15];
const SPARE = [0xd1b54a32, 0xd192ed03];
let high = 0, low = 0; // the last result

function upperHalf(a, b) {
  const a0 = a & 0xffff, a1 = a >>> 16, b0 = b & 0xffff, b1 = b >>> 16;
  const first = a1 * b0 + ((a0 * b0) >>> 16);
  const second = a0 * b1 + (first & 0xffff);
  return a1 * b1 + (first >>> 16) + (second >>> 16);
}

function multiply(h, l, factorHigh, factorLow) {
  high = (upperHalf(l, factorLow) + Math.imul(l, factorHigh) + Math.imul(h, factorLow)) | 0;
  low = Math.imul(l, factorLow);
}

function add(h, l) {
  const sum = (low >>> 0) + (l >>> 0);
  high = (high + h + (sum > 0xffffffff ? 1 : 0)) | 0;
  low = sum | 0;
}

// The splitmix64 finaliser [Steele, Lea, Flood 2014].
function mix(h, l) {
  multiply(h ^ (h >>> 30), l ^ ((l >>> 30) | (h << 2)), 0xbf58476d, 0x1ce4e5b9);
  h = high; l = low;
  multiply(h ^ (h >>> 27), l ^ ((l >>> 27) | (h << 5)), 0x94d049bb, 0x133111eb);
  h = high; l = low;
  high = h ^ (h >>> 31);
  low = l ^ ((l >>> 31) | (h << 1));
}

// Number n of the stream of a seed; `far` reaches counters that no attempt has.
function counted(seed, n, far) {
  const top = Math.floor(n / 2 ** 32) | (far ? 0x80000000 : 0);
  multiply(top, n | 0, GAMMA[0], GAMMA[1]);
  add(seed[0], seed[1]);
  mix(high, low);
}

// The last result as a number in (0, 1).
function unit() {
  return ((high >>> 0) * 2 ** 21 + (low >>> 11) + 0.5) * 2 ** -53;
}

// --- the network --------------------------------------------------------------------------

// Round to the nearest whole number, halves to the even one; below 2^51.
function nearest(x) {
  return x + 6755399441055744 - 6755399441055744;
}

// Lay out couplings as whole numbers of a small unit.
function layOut(network) {
  const { siteClass, J, theta, sizes } = network, K = theta.length, N = siteClass.length;
  let reach = 0;
  for (let a = 0; a < K; a++) {
    let sum = 0;
    for (let b = 0; b < K; b++) sum += sizes[b] * Math.abs(J[b * K + a]);
    reach = Math.max(reach, sum + Math.abs(theta[a]));
  }
  const size = 2 ** (Math.ceil(Math.log2(Math.max(reach, 1e-3))) - 29);
  const width = Math.ceil(K / LANES) * LANES, steps = new Int32Array(K * width);
  for (let a = 0; a < K; a++)
    for (let b = 0; b < K; b++) steps[a * width + b] = nearest(J[a * K + b] / size);
  return { ...network, K, N, width, steps, unit: size, slack: 0.5 * (N + 4) * size };
}

// Attempts without a flip before the next one is drawn instead of waited for.
function patienceOf(N, K) {
  return Math.floor(64 * (1 + K / 64 + N / 5000));
}

// --- a chain ------------------------------------------------------------------------------

// Start a chain. `how` has dynamics, tie, order, attempts (in a sweep); `seed` is two words.
function startChain(network, how, seed, spins) {
  const { K, N, width, steps } = network, size = 3 * width;
  const chain = {
    network, how, seed, rule: RULES_OF_DYNAMICS[how.dynamics][how.tie || "keep"],
    codes: new Uint32Array(N), counts: new Int32Array(size), levels: new Int32Array(size),
    chances: new Float32Array(size), weights: new Float64Array(size),
    rows: new Float64Array(size / LANES), queue: new Uint32Array(N),
    t: 0, sweep: 0, begin: 0, end: 0, boundary: 0, idle: 0, event: -1, total: 0, spare: 0,
    temperature: 0, flipped: [], state: "ran", previous: null,
    patience: patienceOf(N, K),
  };
  mix(seed[0] ^ SPARE[0], seed[1] ^ SPARE[1]);
  chain.second = [high, low];
  for (let i = 0; i < N; i++) {
    chain.codes[i] = network.siteClass[i] + width * (spins[i] + 1);
    chain.counts[chain.codes[i]]++;
    chain.queue[i] = i;
  }
  const { levels, counts } = chain;
  levels.fill(ALWAYS);
  for (let a = 0; a < K; a++) {
    const threshold = nearest(network.theta[a] / network.unit);
    const own = network.kept ? 0 : steps[a * width + a];
    levels[a] = own - threshold;
    levels[2 * width + a] = own + threshold;
  }
  for (let a = 0; a < K; a++) {
    const total = counts[2 * width + a] - counts[a];
    if (total) shift(chain, a, total);
  }
  return chain;
}

// Add a change of the values of a class to the levels.
function shift(chain, a, change) {
  const { width, steps, K } = chain.network, { levels } = chain, row = a * width;
  for (let b = 0; b < K; b++) {
    const step = change * steps[row + b];
    levels[b] += step;
    levels[2 * width + b] -= step;
  }
}

function spinOf(code, width) {
  return (code >= 2 * width ? 1 : 0) - (code < width ? 1 : 0);
}

function spinsOf(chain) {
  const { N, width } = chain.network, spins = new Int8Array(N);
  for (let i = 0; i < N; i++) spins[i] = spinOf(chain.codes[i], width);
  return spins;
}

function classSums(chain) {
  const { K, width } = chain.network, sums = new Float64Array(K);
  for (let a = 0; a < K; a++) sums[a] = chain.counts[2 * width + a] - chain.counts[a];
  return sums;
}

// Field of a class less its threshold, the own share included.
function fieldOf(chain, a) {
  const { J, K, width, theta } = chain.network, { counts } = chain;
  let field = -theta[a];
  for (let b = 0; b < K; b++) field += J[a * K + b] * (counts[2 * width + b] - counts[b]);
  return field;
}

function alignment(chain, a, spin) {
  const own = chain.network.kept ? 0 : chain.network.J[a * chain.network.K + a];
  return spin * fieldOf(chain, a) - own;
}

// Probability that an attempt turns a site of this value and alignment.
function chanceOf(rule, x, spin, T) {
  if (rule === METROPOLIS) {
    if (x <= TIE) return 1;
    return T > 0 ? Math.exp(-2 * x / T) : 0;
  }
  if (rule === GLAUBER && T > 0) {
    const boltzmann = Math.exp(-2 * Math.abs(x) / T);
    return (x > 0 ? boltzmann : 1) / (1 + boltzmann);
  }
  if (Math.abs(x) > TIE) return x < 0 ? 1 : 0;
  if (rule === GLAUBER) return 0.5;
  return (rule === SIGN_UP && spin < 0) || (rule === SIGN_DOWN && spin > 0) ? 1 : 0;
}

// Value of a site of this code after an attempt that draws u.
function decide(chain, code, u) {
  const { width, unit: size, slack } = chain.network, { rule, temperature: T } = chain;
  const spin = spinOf(code, width), a = code - width * (spin + 1);
  if (spin === 0) {
    const field = fieldOf(chain, a);
    if (rule === SIGN_KEEP && Math.abs(field) <= TIE) return 0;
    return u < chanceOf(rule, -field, -1, T) ? 1 : -1;
  }
  const x = -chain.levels[code] * size;
  let chance = chanceOf(rule, x, spin, T), doubtful = Math.abs(x) <= TIE + slack;
  if (T > 0) {
    const doubt = 4 * slack / T;
    doubtful = doubtful || doubt > 1 || Math.abs(u - chance) <= doubt * chance;
  }
  if (doubtful) chance = chanceOf(rule, alignment(chain, a, spin), spin, T);
  return u < chance ? -spin : spin;
}

function setSite(chain, site, value) {
  const { width } = chain.network, code = chain.codes[site], old = spinOf(code, width);
  const change = value - old, next = code + width * change;
  chain.counts[code]--;
  chain.counts[next]++;
  chain.codes[site] = next;
  shift(chain, code - width * (old + 1), change);
  chain.flipped.push(site);
}

// --- one attempt --------------------------------------------------------------------------

// Make attempt t: a word gives the site and the first bits of the uniform, 32 bits more the rest.
function attempt(chain) {
  const { t, seed, how } = chain, { N, width } = chain.network;
  counted(seed, Math.floor(t / 2) + 1, false);
  const word = t % 2 ? high : low, stretch = how.order === "random" ? N : 1;
  let site = how.order === "random" ? upperHalf(word, stretch) : chain.queue[t - chain.begin];
  let rest = Math.imul(word, stretch) >>> 0;
  counted(seed, t, true);
  const more = high >>> 0;
  rest += upperHalf(more, stretch);
  if (rest > 0xffffffff) {
    rest -= 2 ** 32;
    site++;
  }
  high = rest;
  low = Math.imul(more, stretch);
  const code = chain.codes[site], value = decide(chain, code, unit());
  chain.t++;
  chain.idle++;
  if (value !== spinOf(code, width)) {
    setSite(chain, site, value);
    chain.idle = 0;
  }
}

// --- waiting for the next flip instead of trying ------------------------------------------

function drawSpare(chain) {
  counted(chain.second, chain.spare + 1, false);
  chain.spare++;
}

// Bound the flips an attempt, times N, by code and in all.
function weigh(chain) {
  const { width } = chain.network;
  for (let code = width; code < 2 * width; code++) if (chain.counts[code]) return Infinity;
  if (chain.temperature > 0) boundNoisy(chain);
  else boundCold(chain);
  return addUp(chain);
}

function boundNoisy(chain) {
  const { unit: size, slack } = chain.network, { levels, chances } = chain, f = Math.fround;
  const scale = 2 * 2 ** 23 / Math.log(2) * size / chain.temperature;
  const steepness = f(Math.min(scale, 1e30)), margin = f((slack + TIE) / size + 1);
  const bits = new Int32Array(chances.buffer);
  for (let code = 0; code < bits.length; code++) {
    const fall = f(f(f(f(levels[code]) + margin) * steepness) + 512);
    bits[code] = Math.trunc(Math.min(Math.max(fall, -ONE), 0)) + ONE;
  }
}

function boundCold(chain) {
  const { width, unit: size, slack } = chain.network;
  for (let code = 0; code < chain.counts.length; code++) {
    let chance = 0;
    if (chain.counts[code] > 0) {
      const spin = spinOf(code, width), a = code - width * (spin + 1);
      let x = -chain.levels[code] * size;
      if (Math.abs(x) <= TIE + slack) x = alignment(chain, a, spin);
      chance = chanceOf(chain.rule, x, spin, 0);
    }
    chain.chances[code] = chance;
  }
}

function addUp(chain) {
  const { chances, counts, weights, rows } = chain;
  for (let code = 0; code < weights.length; code++) weights[code] = chances[code] * counts[code];
  let total = 0;
  for (let row = 0; row < rows.length; row++) {
    let first = 0, second = 0, third = 0, fourth = 0;
    for (let code = LANES * row; code < LANES * (row + 1); code += 4) {
      first += weights[code];
      second += weights[code + 1];
      third += weights[code + 2];
      fourth += weights[code + 3];
    }
    rows[row] = (first + second) + (third + fourth);
    total += rows[row];
  }
  return total;
}

// Attempts without an event before the next event, geometric.
function wait(total, N, u) {
  if (total <= 0) return Infinity;
  if (total >= N) return 0;
  return Math.trunc(Math.log(u) / Math.log1p(-total / N));
}

// Where a target lies if weights are laid end to end, and how far into that one.
function place(weights, begin, end, target) {
  let found = begin;
  for (let i = begin; i < end; i++) {
    if (weights[i] > 0) {
      found = i;
      if (target < weights[i]) break;
      target -= weights[i];
    }
  }
  return [found, target];
}

function fire(chain) {
  drawSpare(chain);
  let target = chain.total * unit();
  drawSpare(chain);
  const u = unit();
  let row, code;
  [row, target] = place(chain.rows, 0, chain.rows.length, target);
  [code, target] = place(chain.weights, LANES * row, LANES * (row + 1), target);
  const spin = spinOf(code, chain.network.width), bound = chain.chances[code];
  if (decide(chain, code, u * bound) === spin) return;
  let rank = Math.min(Math.trunc(target / bound), chain.counts[code] - 1);
  for (let site = 0; ; site++)
    if (chain.codes[site] === code && rank-- === 0) {
      setSite(chain, site, -spin);
      return;
    }
}

// Decide whether the next flip is worth being drawn.
function consider(chain) {
  const { N } = chain.network, scanned = chain.how.order === "random";
  const total = weigh(chain);
  chain.total = total;
  const dense = total > N || total * chain.patience > N;
  if (dense || (!scanned && total > 0)) {
    chain.idle = 0;
    return;
  }
  drawSpare(chain);
  chain.event = chain.t + wait(total, N, unit());
}

// --- sweeps -------------------------------------------------------------------------------

// Begin a sweep at a temperature.
function beginSweep(chain, asked) {
  const T = chain.rule >= SIGN_KEEP ? 0 : asked;
  if (chain.sweep > 0 && T !== chain.temperature) {
    chain.idle = 0;
    chain.event = -1;
  }
  chain.temperature = T;
  chain.begin = chain.boundary = chain.t;
  chain.end = chain.t + chain.how.attempts;
  if (chain.how.order === "permutation") {
    const { queue } = chain;
    for (let i = queue.length - 1; i > 0; i--) {
      drawSpare(chain);
      const j = upperHalf(high, i + 1), other = queue[j];
      queue[j] = queue[i];
      queue[i] = other;
    }
  }
}

// Make at most so many attempts of the sweep; return whether the sweep is over.
function advance(chain, attempts) {
  if (chain.how.dynamics === "sync") {
    stepAll(chain);
    chain.sweep++;
    return true;
  }
  const stop = Math.min(chain.t + attempts, chain.end);
  while (chain.t < stop) {
    if (chain.event < 0 && chain.t === chain.boundary && chain.idle >= chain.patience)
      consider(chain);
    if (chain.event >= stop) {
      chain.t = stop;
    } else if (chain.event >= 0) {
      fire(chain);
      chain.t = chain.boundary = chain.event + 1;
      chain.event = -1;
    } else {
      if (chain.t === chain.boundary)
        chain.boundary = Math.min(chain.t + BLOCK - chain.t % 2, chain.end);
      const last = Math.min(chain.boundary, stop);
      while (chain.t < last) attempt(chain);
    }
  }
  if (chain.t < chain.end) return false;
  chain.sweep++;
  return true;
}

// Move all sites at once, at T = 0. A state that comes back after two steps is a two-cycle.
function stepAll(chain) {
  const { N, width, K } = chain.network, { rule } = chain;
  const before = spinsOf(chain), next = new Int8Array(3 * width);
  for (let code = 0; code < 3 * width; code++) {
    if (!chain.counts[code]) continue;
    const spin = spinOf(code, width), a = code - width * (spin + 1);
    const own = chain.network.kept ? 0 : chain.network.J[a * K + a] * spin;
    const field = fieldOf(chain, a) - own;
    const tied = rule === SIGN_UP ? 1 : rule === SIGN_DOWN ? -1 : spin;
    next[code] = field > TIE ? 1 : field < -TIE ? -1 : tied;
  }
  let same = true, back = chain.previous !== null;
  const values = before.map((_, i) => next[chain.codes[i]]);
  for (let i = 0; i < N; i++) {
    if (values[i] !== before[i]) same = false;
    if (back && values[i] !== chain.previous[i]) back = false;
  }
  chain.state = same ? "stable" : back ? "two-cycle" : "ran";
  for (let i = 0; i < N; i++) if (values[i] !== before[i]) setSite(chain, i, values[i]);
  chain.previous = before;
  chain.t += N;
}

// Whether no site would change at T = 0; under rules with noise, a tie need not.
function isStable(chain) {
  const { width, unit: size, slack } = chain.network, { rule } = chain;
  for (let code = 0; code < chain.counts.length; code++) {
    if (!chain.counts[code]) continue;
    const spin = spinOf(code, width), a = code - width * (spin + 1);
    let x = -chain.levels[code] * size;
    if (spin === 0) {
      if (rule !== SIGN_KEEP || Math.abs(fieldOf(chain, a)) > TIE) return false;
      continue;
    }
    if (Math.abs(x) <= TIE + slack) x = alignment(chain, a, spin);
    if (x < -TIE || (rule >= SIGN_KEEP && chanceOf(rule, x, spin, 0) > 0)) return false;
  }
  return true;
}

// Run whole sweeps at the given temperatures.
function runChain(network, how, seed, spins, temperatures) {
  const chain = startChain(network, how, seed, spins);
  for (const T of temperatures) {
    beginSweep(chain, T);
    advance(chain, Infinity);
    if (how.dynamics === "sync" && chain.state !== "ran") break;
  }
  return chain;
}

// --- what is measured ---------------------------------------------------------------------

function overlapsOf(network, sums) {
  const { columns, p, K, N } = network, m = new Float64Array(p);
  for (let a = 0; a < K; a++)
    for (let mu = 0; mu < p; mu++) m[mu] += sums[a] * columns[a * p + mu];
  return m.map((value) => value / N);
}

// H = -1/2 sum_{i != j} W_ij S_i S_j + sum_i theta_i S_i; sites at 0 are left out.
function energyOf(chain) {
  const { J, K, width, theta } = chain.network, { counts } = chain, sums = classSums(chain);
  let pairs = 0, own = 0, tilt = 0;
  for (let a = 0; a < K; a++) {
    let field = 0;
    for (let b = 0; b < K; b++) field += J[a * K + b] * sums[b];
    pairs += field * sums[a];
    own += J[a * K + a] * (counts[a] + counts[2 * width + a]);
    tilt += theta[a] * sums[a];
  }
  return -0.5 * (pairs - own) + tilt;
}

// --- seeds --------------------------------------------------------------------------------

// One word of NumPy's SeedSequence(seed, spawn_key=(child,)), as two 32-bit halves.
function seedWord(seed, child) {
  const entropy = [];
  for (let rest = BigInt(seed); rest > 0n || !entropy.length; rest >>= 32n)
    entropy.push(Number(rest & 0xffffffffn));
  while (entropy.length < 4) entropy.push(0);
  entropy.push(child);
  let constant = 0x43b0d7e5;
  const hashed = (value) => {
    value ^= constant;
    constant = Math.imul(constant, 0x931e8875);
    value = Math.imul(value, constant);
    return value ^ (value >>> 16);
  };
  const mixed = (x, y) => {
    const value = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y);
    return value ^ ((value | 0) >>> 16);
  };
  const pool = entropy.slice(0, 4).map(hashed);
  for (let source = 0; source < 4; source++)
    for (let target = 0; target < 4; target++)
      if (source !== target) pool[target] = mixed(pool[target], hashed(pool[source]));
  for (let source = 4; source < entropy.length; source++)
    for (let target = 0; target < 4; target++)
      pool[target] = mixed(pool[target], hashed(entropy[source]));
  constant = 0x8b51f9dd;
  const words = pool.slice(0, 2).map((value) => {
    value ^= constant;
    constant = Math.imul(constant, 0x58f38ded);
    value = Math.imul(value, constant);
    return value ^ (value >>> 16);
  });
  return [words[1] | 0, words[0] | 0];
}

const CHAINS = 2; // the place of the chains among the streams of a run

// Seed of a trial of a run, as the commands and `Memory.recall` have it.
function chainSeed(seed, trial) {
  counted(seedWord(seed, CHAINS), trial + 1, false);
  return [high, low];
}
