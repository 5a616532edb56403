// The command and the Python call that end in the state of the page.

function inPython(text) {
  return JSON.stringify(text);
}

// Sweeps that a call makes: those begun, or those that Run would make.
function sweepsOf() {
  return model.temperatures.length || model.settings.sweeps;
}

function temperaturesOf() {
  const { temperatures, settings } = model;
  if (!isNoisy()) return [];
  return temperatures.length ? temperatures : new Array(settings.sweeps).fill(settings.T);
}

function isConstant() {
  const values = temperaturesOf();
  return values.every((value) => value === values[0]);
}

function parametersInPython() {
  if (model.settings.rule !== data.rule.name) return [];
  return Object.entries(data.rule.parameters).map(([name, value]) => `${name}=${inPython(value)}`);
}

function storeCall() {
  const words = [`rule=${inPython(model.settings.rule)}`, ...parametersInPython()];
  if (data.theta) words.push(`theta=np.array([${thresholds(data).join(", ")}])`);
  else if (model.settings.theta) words.push(`theta=${model.settings.theta}`);
  if (isPristine() && data.python) return [`memory = hopcli.store(${data.python}, ${words.join(", ")})`];
  return [
    "patterns = {",
    ...model.patterns.map(({ name, spins }) => `    ${inPython(name)}: picture("${pack(spins)}"),`),
    "}",
    `memory = hopcli.store(patterns, ${words.join(", ")})`,
  ];
}

function runCall() {
  const { dynamics, order, tie, attempts } = how(), { seed } = model.settings;
  const words = [`dynamics=${inPython(dynamics)}`];
  if (dynamics !== "sync") words.push(`order=${inPython(order)}`);
  if (tie !== "keep") words.push(`tie=${inPython(tie)}`);
  words.push(`sweeps=${sweepsOf()}`);
  if (isConstant()) {
    if (isNoisy()) words.push(`temperature=${temperaturesOf()[0]}`);
    if (dynamics !== "sync") words.push(`attempts_per_sweep=${attempts}`);
    words.push(`seed=${seed}`);
    return [
      "end = memory.recall(", "    start,", ...words.map((word) => `    ${word},`), ")",
    ];
  }
  const runs = repeated(temperaturesOf());
  const [values, counts] = [0, 1].map((k) => runs.map((run) => run[k]).join(", "));
  words.push(`attempts_per_sweep=${attempts}`, `temperatures=np.repeat([${values}], [${counts}])`);
  return [
    "from hopcli import dynamics, streams", "",
    "end = dynamics.run(", "    memory.couplings,", "    start.reshape(1, -1),",
    `    seeds=dynamics.chain_seeds(streams.Streams(${seed}).chains, 1),`,
    ...words.map((word) => `    ${word},`), ")",
  ];
}

function pythonCall() {
  const [height, width] = data.shape;
  return [
    "import base64", "", "import hopcli", "import numpy as np", "", "",
    "def picture(text):",
    "    bits = np.frombuffer(base64.b64decode(text), np.uint8)",
    `    up = np.unpackbits(bits, count=${data.sites}).astype(np.int8)`,
    `    return (2 * up - 1).reshape(${height}, ${width})`, "", "",
    ...storeCall(),
    `start = picture("${pack(model.start)}")`,
    ...runCall(),
    "end.spins",
  ].join("\n");
}

// The command, which reads the files that the page saves; empty if no command does the same.
function commandLine() {
  if (!isConstant()) return "";
  const { rule, seed, theta } = model.settings, { dynamics, order, tie, attempts } = how();
  const words = ["hopcli", "recall"];
  if (isPristine() && data.flags !== null) words.push(...data.flags);
  else {
    const places = model.patterns.map((_, k) => k).join(",");
    words.push("--dataset", "text:patterns.txt", "--source-indices", places);
  }
  if (data.theta) words.push("--theta", "theta.txt");
  words.push("--rule", rule);
  if (model.settings.rule === data.rule.name)
    for (const [name, value] of Object.entries(data.rule.parameters))
      if (value !== data.rule.defaults[name]) words.push(`--${name}`, String(value));
  if (!data.theta && theta) words.push("--theta", String(theta));
  words.push("--dynamics", dynamics);
  if (dynamics !== "sync") words.push("--order", order, "--attempts-per-sweep", String(attempts));
  if (tie !== "keep") words.push("--tie", tie);
  if (isNoisy()) words.push("--temperature", String(temperaturesOf()[0]));
  words.push("--sweeps", String(sweepsOf()), "--start", "text:start.txt");
  words.push("--tests", "1", "--repeats", "1", "--seed", String(seed), "--out", "results/live");
  return words.map(quoted).join(" ").replace(/ --/g, " \\\n  --");
}

function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
}

// Pictures as a text file that hopcli reads: a name, then rows of # and dots.
function drawnText(pictures) {
  const [height, width] = data.shape;
  return pictures.map(({ name, spins }) => {
    const rows = Array.from({ length: height }, (_, row) => (
      [...spins.subarray(row * width, (row + 1) * width)].map((spin) => (spin > 0 ? "#" : ".")).join("")));
    return `${name.replace(/\s+/g, " ").trim() || "picture"}:\n${rows.join("\n")}\n`;
  }).join("\n");
}
