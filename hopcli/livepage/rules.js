// Learning: stored patterns in, couplings between site classes out, as in hopcli/rules.

// Group the sites by the values of all patterns and their threshold; classes are in the order
// of these values.
function siteClasses(patterns, theta) {
  const N = patterns.length ? patterns[0].length : theta.length, p = patterns.length;
  const levels = [...new Set(theta)].sort((x, y) => x - y);
  const rank = new Map(levels.map((value, k) => [value, String(k).padStart(8, "0")]));
  const keys = Array.from({ length: N }, (_, i) => {
    let key = "";
    for (let mu = 0; mu < p; mu++) key += patterns[mu][i] > 0 ? "1" : "0";
    return key + rank.get(theta[i]);
  });
  const names = [...new Set(keys)].sort(), number = new Map(names.map((key, a) => [key, a]));
  const K = names.length, siteClass = new Uint32Array(N), sizes = new Float64Array(K);
  const columns = new Int8Array(K * p), classTheta = new Float64Array(K);
  for (let i = N - 1; i >= 0; i--) {
    const a = number.get(keys[i]);
    siteClass[i] = a;
    sizes[a]++;
    classTheta[a] = theta[i];
    for (let mu = 0; mu < p; mu++) columns[a * p + mu] = patterns[mu][i];
  }
  return { siteClass, sizes, columns, theta: classTheta, p, K, N };
}

// The product of each row of x (K x p) with each row of y, divided.
function products(x, y, K, p, divisor) {
  const J = new Float64Array(K * K);
  for (let a = 0; a < K; a++)
    for (let b = a; b < K; b++) {
      let sum = 0;
      for (let k = 0; k < p; k++) sum += x[a * p + k] * y[b * p + k];
      J[a * K + b] = J[b * K + a] = sum / divisor;
    }
  return J;
}

// Overlaps of the patterns with each other, p x p.
function correlations({ columns, sizes, p, K, N }) {
  const Q = new Float64Array(p * p);
  for (let a = 0; a < K; a++)
    for (let mu = 0; mu < p; mu++) {
      const share = sizes[a] * columns[a * p + mu];
      for (let nu = 0; nu < p; nu++) Q[mu * p + nu] += share * columns[a * p + nu];
    }
  return Q.map((value) => value / N);
}

// The inverse of L, Q = L L^T; null if Q has no inverse.
function inverseRoot(Q, p) {
  const L = Float64Array.from(Q), inverse = new Float64Array(p * p);
  for (let i = 0; i < p; i++)
    for (let j = 0; j <= i; j++) {
      let sum = Q[i * p + j];
      for (let k = 0; k < j; k++) sum -= L[i * p + k] * L[j * p + k];
      if (i === j && !(sum > 0)) return null;
      L[i * p + j] = i === j ? Math.sqrt(sum) : sum / L[j * p + j];
    }
  let squares = 0;
  for (let column = 0; column < p; column++)
    for (let i = column; i < p; i++) {
      let sum = i === column ? 1 : 0;
      for (let k = column; k < i; k++) sum -= L[i * p + k] * inverse[k * p + column];
      inverse[i * p + column] = sum / L[i * p + i];
      squares += inverse[i * p + column] ** 2;
    }
  return 1e-10 * p * squares > 1 ? null : inverse;
}

const LEARNERS = {
  hebbian({ columns, K, p, N }, { normalise = "N" }) {
    return products(columns, columns, K, p, { N, p, none: 1 }[normalise]);
  },

  // Hebbian without the mean, for patterns of few or many +1.
  covariance({ columns, sizes, K, p, N }, { activity = "mean" }) {
    let sum = 0;
    for (let a = 0; a < K; a++) for (let mu = 0; mu < p; mu++) sum += sizes[a] * columns[a * p + mu];
    const bias = activity === "mean" ? sum / (N * p) : 2 * activity - 1;
    const centred = Float64Array.from(columns, (value) => value - bias);
    return Math.abs(bias) === 1 ? null : products(centred, centred, K, p, N * (1 - bias * bias));
  },

  "pseudo-inverse"(task) {
    const { columns, K, p, N } = task, root = inverseRoot(correlations(task), p);
    if (!root) return null;
    const y = new Float64Array(K * p);
    for (let a = 0; a < K; a++)
      for (let nu = 0; nu < p; nu++)
        for (let mu = 0; mu <= nu; mu++)
          y[a * p + nu] += columns[a * p + mu] * root[nu * p + mu];
    return products(y, y, K, p, N);
  },

  // w_ij += (1/N) (xi_i xi_j - xi_i g_j - g_i xi_j + 2 w_ij), g_i = sum_{k != i} w_ik xi_k:
  // a symmetric product of two vectors, and a scaling by 1 + 2/N that is done once.
  storkey({ columns, sizes, K, p, N }) {
    const J = new Float64Array(K * K), y = new Float64Array(K), growth = 1 + 2 / N;
    let scale = 1;
    for (let mu = 0; mu < p; mu++) {
      const x = Float64Array.from({ length: K }, (_, a) => columns[a * p + mu]);
      for (let a = 0; a < K; a++) {
        let sum = -J[a * K + a] * x[a];
        for (let b = 0; b < K; b++) sum += J[a * K + b] * sizes[b] * x[b];
        y[a] = x[a] / 2 - scale * sum;
      }
      scale *= growth;
      for (let a = 0; a < K; a++) y[a] /= N * scale;
      for (let a = 0; a < K; a++)
        for (let b = 0; b < K; b++) J[a * K + b] += x[a] * y[b] + y[a] * x[b];
    }
    return J.map((w) => w / (1 / scale));
  },

  // Every weak site of every pattern is strengthened until all are stable by kappa.
  perceptron({ columns, sizes, K, p, N }, { kappa = 1, epochs = 1000 }) {
    const J = products(columns, columns, K, p, N), weak = new Uint8Array(K);
    const enough = Math.max(kappa - 1e-12, 1e-12);
    for (let epoch = 0; epoch < epochs; epoch++) {
      let weakest = Infinity;
      for (let mu = 0; mu < p; mu++) {
        let any = false;
        for (let a = 0; a < K; a++) {
          const own = J[a * K + a];
          let field = 0, squares = 0;
          for (let b = 0; b < K; b++) {
            const w = J[a * K + b];
            field += w * sizes[b] * columns[b * p + mu];
            squares += w * w * sizes[b];
          }
          field -= own * columns[a * p + mu];
          const norm = Math.sqrt(Math.max(squares - own * own, 2.2250738585072014e-308));
          const stability = columns[a * p + mu] * field / norm;
          weakest = Math.min(weakest, stability);
          weak[a] = stability < enough ? 1 : 0;
          any = any || weak[a];
        }
        if (!any) continue;
        for (let a = 0; a < K; a++)
          for (let b = 0; b < K; b++)
            J[a * K + b] += (weak[a] + weak[b]) * columns[a * p + mu] * columns[b * p + mu] / N;
      }
      if (weakest >= enough) return J;
    }
    return null;
  },
};

// Store patterns. `rule` has a name, its parameters, and kept (whether W_ii stays); null if the
// rule cannot store these patterns. `given` are couplings of a rule that only Python knows.
function learn(patterns, theta, rule, given) {
  const task = siteClasses(patterns, theta);
  const J = given || LEARNERS[rule.name](task, rule.parameters || {});
  return J && layOut({ ...task, J, kept: Boolean(rule.kept) });
}

// The highest temperature at which the disordered state turns unstable: the largest eigenvalue
// of W with its diagonal left in.
function criticalTemperature({ J, sizes, K }) {
  let bound = 0;
  for (let a = 0; a < K; a++) {
    let sum = 0;
    for (let b = 0; b < K; b++) sum += Math.abs(J[a * K + b]) * Math.sqrt(sizes[a] * sizes[b]);
    bound = Math.max(bound, sum);
  }
  let vector = Float64Array.from({ length: K }, (_, a) => Math.sin(a + 1) + 1.5), value = 0;
  const shift = 0.1 * bound; // so that the lowest eigenvalue does not win
  for (let step = 0; step < 300; step++) {
    const next = new Float64Array(K);
    let norm = 0;
    for (let a = 0; a < K; a++) {
      let sum = shift * vector[a];
      for (let b = 0; b < K; b++) sum += J[a * K + b] * Math.sqrt(sizes[a] * sizes[b]) * vector[b];
      next[a] = sum;
      norm += sum * sum;
    }
    norm = Math.sqrt(norm) || 1;
    const before = value;
    let along = 0;
    for (let a = 0; a < K; a++) along += next[a] * vector[a];
    let size = 0;
    for (let a = 0; a < K; a++) size += vector[a] * vector[a];
    value = along / size - shift;
    vector = next.map((x) => x / norm);
    if (step > 10 && Math.abs(value - before) < 1e-7 * (1 + Math.abs(value))) break;
  }
  return Math.max(value, 0);
}
