// What a final state is, as in hopcli/taxonomy.py, and the interval of a rate.

const ROUNDING = 1e-12; // allowance for an overlap that is exactly at the criterion

// The pattern with the largest |m|; at equal |m| a pattern ranks before an inverse.
function nearestOf(m) {
  let best = 0, most = -1;
  m.forEach((value, mu) => {
    const rank = Math.abs(value) + (value > 0 ? 1e-9 : 0);
    if (rank > most) [best, most] = [mu, rank];
  });
  return best;
}

const SIGNS = [[1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, 1, 1]];

// The mixture of three patterns with the largest |overlap|, and its members with their signs.
function mixtureOf(network, sums, m) {
  const { columns, p, K, N } = network;
  if (p < 3) return { overlap: 0, members: [] };
  const threes = [];
  if (p <= 20 && 4 * (p * (p - 1) * (p - 2) / 6) * N <= 4e6) {
    for (let a = 0; a < p; a++)
      for (let b = a + 1; b < p; b++)
        for (let c = b + 1; c < p; c++) for (const signs of SIGNS) threes.push([[a, b, c], signs]);
  } else {
    const order = [...m.keys()].sort((x, y) => Math.abs(m[y]) - Math.abs(m[x]) || x - y);
    const three = order.slice(0, 3);
    threes.push([three, three.map((mu) => (m[mu] < 0 ? -1 : 1))]);
  }
  let best = { overlap: -1, members: [] };
  for (const [three, signs] of threes) {
    let sum = 0;
    for (let a = 0; a < K; a++) {
      const at = a * p, [x, y, z] = three;
      const value = signs[0] * columns[at + x] + signs[1] * columns[at + y]
        + signs[2] * columns[at + z];
      sum += value > 0 ? sums[a] : -sums[a];
    }
    const overlap = Math.abs(sum) / N;
    if (overlap > best.overlap) {
      const members = three.map((mu, k) => ({ mu, sign: sum < 0 ? -signs[k] : signs[k] }));
      best = { overlap, members };
    }
  }
  return best;
}

// The kind of a state, the nearest pattern, and the members of a mixture.
function classifyChain(chain, criterion) {
  const { network } = chain, sums = classSums(chain), m = overlapsOf(network, sums);
  const nearest = nearestOf(m), best = m[nearest], enough = criterion - ROUNDING;
  if (best >= enough) return { kind: "pattern", nearest, m };
  if (best <= -enough) return { kind: "inverse", nearest, m };
  const mixture = mixtureOf(network, sums, m);
  if (mixture.overlap >= enough) return { kind: "mixture", nearest, m, members: mixture.members };
  if (isFixedPoint(chain)) return { kind: "fixed-point", nearest, m };
  return { kind: chain.state === "two-cycle" ? "two-cycle" : "unsettled", nearest, m };
}

// Whether no site would change under the sign rule; at a tie by the rule of the chain.
function isFixedPoint(chain) {
  const { width, J, K, kept } = chain.network, tie = chain.how.tie || "keep";
  for (let code = 0; code < chain.counts.length; code++) {
    if (!chain.counts[code]) continue;
    const spin = spinOf(code, width), a = code - width * (spin + 1);
    const excess = fieldOf(chain, a) - (kept ? 0 : J[a * K + a] * spin);
    const tied = tie === "up" ? 1 : tie === "down" ? -1 : spin;
    if ((Math.abs(excess) <= TIE ? tied : Math.sign(excess)) !== spin) return false;
  }
  return true;
}

// 95 % interval of a binomial fraction [Clopper, Pearson 1934].
function exactInterval(successes, trials) {
  const logs = [0];
  for (let k = 1; k <= trials; k++) logs.push(logs[k - 1] + Math.log(k));
  const below = (rate) => { // chance of at most `successes`
    let sum = 0;
    for (let k = 0; k <= successes; k++)
      sum += Math.exp(logs[trials] - logs[k] - logs[trials - k] + k * Math.log(rate)
        + (trials - k) * Math.log1p(-rate));
    return sum;
  };
  const above = (rate) => { // chance of at least `successes`
    let sum = 0;
    for (let k = successes; k <= trials; k++)
      sum += Math.exp(logs[trials] - logs[k] - logs[trials - k] + k * Math.log(rate)
        + (trials - k) * Math.log1p(-rate));
    return sum;
  };
  const solve = (tooLow) => {
    let [left, right] = [0, 1];
    for (let step = 0; step < 60; step++) {
      const middle = (left + right) / 2;
      if (tooLow(middle)) left = middle;
      else right = middle;
    }
    return (left + right) / 2;
  };
  return [
    successes === 0 ? 0 : solve((rate) => above(rate) < 0.025),
    successes === trials ? 1 : solve((rate) => below(rate) > 0.025),
  ];
}

// What the field of a site is made of: a share of each pattern, what no pattern explains (the
// rest, with the threshold), and the site's own share that is taken off.
function fieldParts(chain, site) {
  const { network } = chain, { siteClass, columns, sizes, J, K, N, p, theta } = network;
  const a = siteClass[site], spin = spinOf(chain.codes[site], network.width);
  const mean = new Float64Array(p);
  for (let b = 0; b < K; b++) {
    const field = fieldOf(chain, b) + theta[b];
    for (let mu = 0; mu < p; mu++) mean[mu] += sizes[b] * columns[b * p + mu] * field / N;
  }
  const root = p ? inverseRoot(correlations(network), p) : null, shares = new Float64Array(p);
  if (root) {
    for (let k = 0; k < p; k++) {
      let along = 0;
      for (let mu = 0; mu <= k; mu++) along += root[k * p + mu] * mean[mu];
      for (let mu = 0; mu <= k; mu++) shares[mu] += root[k * p + mu] * along;
    }
    for (let mu = 0; mu < p; mu++) shares[mu] *= columns[a * p + mu];
  }
  const whole = fieldOf(chain, a) + theta[a], own = network.kept ? 0 : -J[a * K + a] * spin;
  const rest = whole - shares.reduce((sum, value) => sum + value, 0);
  const field = whole + own, x = spin * (field - theta[a]);
  const T = chain.rule >= SIGN_KEEP ? 0 : chain.temperature;
  const chance = spin ? chanceOf(chain.rule, x, spin, T) : 1;
  return { spin, shares, rest, own, theta: theta[a], field, chance };
}
