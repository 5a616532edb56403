// Eight steps, each with a prediction before the network runs.

const STEPS = ["one", "several", "noise", "blend", "inverse", "spurious", "many", "hot"];

// The settings and the start of each step; a step takes the first patterns of the page.
const SCENES = {
  one: () => scene({ count: 1, T: 0, start: (xi) => noise(xi[0], 0.25) }),
  several: () => scene({ count: 3, T: 0.2, start: (xi) => noise(xi[xi.length - 1], 0.15) }),
  noise: () => scene({ count: 5, T: 0.2, start: (xi) => noise(xi[0], 0.4) }),
  blend: () => scene({ count: 2, T: 0.2, start: (xi) => blend(xi[0], xi[xi.length - 1]) }),
  inverse: () => scene({ count: 3, T: 0.2, start: (xi) => noise(xi[0], 0.85) }),
  spurious: () => scene({ count: 3, T: 0, start: (xi) => sumOf(xi) }),
  many: () => scene({ count: 10, T: 0, rule: "hebbian", start: (xi) => xi[0] }),
  hot: () => scene({ count: 5, T: 1.2, start: (xi) => xi[0] }),
};

// What came true, by the number of the answer.
const ANSWERS = {
  one: ({ kind }) => (kind === "pattern" ? 0 : 1),
  several: ({ kind }) => (kind === "pattern" ? 0 : 1),
  noise: ({ kind }) => (kind === "pattern" ? 0 : 1),
  blend: ({ kind }) => ({ pattern: 0, inverse: 0, unsettled: 1 }[kind] ?? 2),
  inverse: ({ kind }) => (kind === "inverse" ? 1 : kind === "pattern" ? 0 : 2),
  spurious: ({ kind }) => (kind === "pattern" ? 0 : 1),
  many: ({ kind }) => (kind === "pattern" ? 0 : 1),
  hot: ({ kind }) => (kind === "pattern" ? 0 : 1),
};

function sumOf(xi) {
  return xi[0].map((_, i) => (xi.reduce((sum, one) => sum + one[i], 0) >= 0 ? 1 : -1));
}

function scene({ count, T, start, rule = "pseudo-inverse" }) {
  const own = ownPatterns(), patterns = own.slice(0, count);
  // Where the page has too few, its test images are further patterns.
  data.images.spins.forEach((packed, k) => {
    if (patterns.length >= count || k % 3) return;
    const name = `${data.images.labels[k]}+${patterns.length}`;
    patterns.push({ name, label: name, spins: unpack(packed, data.sites), stored: -1 });
  });
  Object.assign(model.settings, {
    rule, kept: false, dynamics: "metropolis", order: "random", theta: 0, T, sweeps: 20,
    attempts: data.settings.attempts,
  });
  model.patterns = patterns;
  if (!rebuild()) {
    model.settings.rule = "hebbian"; // patterns that depend on each other
    rebuild();
  }
  begin(start(patterns.map(({ spins }) => spins)));
}
