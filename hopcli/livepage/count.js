// Many chains at once, and where they end.

const AT_ONCE = 12; // milliseconds of work between two pictures

// What an end counts as: a pattern, the inverse of one, or another kind.
function outcomeOf({ kind, nearest }) {
  return kind === "pattern" || kind === "inverse" ? `${kind}:${nearest}` : kind;
}

// Run chains from starts (`spins`, `label`), each for the sweeps of the settings; the seed of
// chain k is that of trial k of `hopcli recall`. Returns counts by label and outcome.
async function countEnds(starts, temperatures, tell) {
  const counts = new Map(), { network, settings } = model, asked = how();
  let paused = performance.now();
  for (let trial = 0; trial < starts.length; trial++) {
    if (page.stopsCounting) return null;
    const { spins, label } = starts[trial], seed = chainSeed(settings.seed, trial);
    const chain = runChain(network, asked, seed, spins, temperatures);
    const key = `${outcomeOf(classifyChain(chain, settings.criterion))}`;
    const own = counts.get(label) || new Map();
    own.set(key, (own.get(key) || 0) + 1);
    counts.set(label, own);
    if (performance.now() - paused > AT_ONCE) {
      tell(trial + 1, starts.length);
      await new Promise((go) => { setTimeout(go, 0); });
      paused = performance.now();
    }
  }
  return counts;
}

// Recalled per label, as `hopcli recall` counts it: the own pattern or its inverse.
function recalledOf(outcomes, label) {
  let recalled = 0, trials = 0;
  for (const [key, count] of outcomes) {
    trials += count;
    const [kind, mu] = key.split(":");
    if (mu === undefined) continue;
    const { label: ended } = model.patterns[Number(mu)];
    if (ended === label && ["pattern", "inverse"].includes(kind)) recalled += count;
  }
  return { recalled, trials };
}
