// The address: everything that the page shows, after #.

const SHARED = { // settings by their letter in the address
  r: "rule", k: "kept", d: "dynamics", o: "order", i: "tie", a: "attempts", T: "T", h: "theta",
  s: "seed", n: "sweeps", c: "criterion",
};

function urlSafe(text) {
  return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function fromUrl(text) {
  return text.replace(/-/g, "+").replace(/_/g, "/");
}

// A name without the characters that separate patterns and their parts.
function escaped(name) {
  return encodeURIComponent(name).replace(/\./g, "%2E").replace(/~/g, "%7E");
}

// Numbers with how often each comes: 0.2x5_1.2x3.
function repeated(values) {
  const runs = [];
  for (const value of values) {
    const last = runs[runs.length - 1];
    if (last && last[0] === value) last[1]++;
    else runs.push([value, 1]);
  }
  return runs;
}

function address() {
  const parts = new URLSearchParams(), { settings, chain } = model;
  parts.set("v", "1");
  parts.set("of", data.key);
  for (const [letter, name] of Object.entries(SHARED)) parts.set(letter, String(settings[name]));
  parts.set("p", model.patterns.map((pattern) => (
    pattern.stored >= 0 ? pattern.stored
      : [urlSafe(pack(pattern.spins)), ...[pattern.name, pattern.label].map(escaped)].join("~"))).join("."));
  parts.set("S", urlSafe(pack(model.start)));
  if (model.label) parts.set("l", model.label);
  parts.set("t", String(chain.t));
  const told = (values) => repeated(values).map((run) => run.join("x")).join("_");
  if (model.temperatures.length) parts.set("w", told(model.temperatures));
  if (model.plan.length) parts.set("q", told(model.plan));
  parts.set("lang", page.language);
  return `#${parts}`;
}

function listOf(text) {
  const values = [];
  for (const part of (text || "").split("_").filter(Boolean)) {
    const [value, count] = part.split("x").map(Number);
    if (!(value >= 0 && value < 1e6 && count > 0 && values.length + count <= 1e6)) return [];
    for (let k = 0; k < count; k++) values.push(value);
  }
  return values;
}

// A setting of an address; undefined if it is none.
function settingOf(name, text) {
  const allowed = {
    rule: RULE_NAMES, dynamics: DYNAMICS_NAMES, order: ["random", "permutation", "fixed"],
    tie: ["keep", "up", "down"],
  };
  if (name in allowed) return allowed[name].includes(text) ? text : undefined;
  if (name === "kept") return text === "true";
  if (name === "seed") return /^\d{1,30}$/.test(text) ? text : undefined;
  const value = Number(text), ranges = {
    attempts: [1, 1e7], T: [0, 1e6], theta: [-1e6, 1e6], sweeps: [1, 1e6], criterion: [0, 1],
  };
  const [low, high_] = ranges[name], whole = ["attempts", "sweeps"].includes(name);
  const fits = text !== "" && value >= low && value <= high_;
  return fits && (!whole || Number.isInteger(value)) ? value : undefined;
}

// Take everything from an address; return whether it was one of this page.
function restore(hash) {
  const parts = new URLSearchParams(hash.slice(1));
  if (parts.get("v") !== "1") return false;
  if (parts.get("of") !== data.key) return false;
  try {
    const settings = { ...model.settings };
    for (const [letter, name] of Object.entries(SHARED)) {
      const value = settingOf(name, parts.get(letter) || "");
      if (value !== undefined) settings[name] = value;
    }
    const patterns = (parts.get("p") || "").split(".").map((text) => {
      if (/^\d+$/.test(text)) return ownPatterns()[Number(text)];
      const [packed, name, label = name] = text.split("~");
      const [spins, ...names] = [unpack(fromUrl(packed), data.sites), ...[name, label].map(decodeURIComponent)];
      return { name: names[0], label: names[1], spins, stored: -1 };
    });
    if (!patterns.length || patterns.some((pattern) => !pattern)) return false;
    const start = unpack(fromUrl(parts.get("S") || ""), data.sites);
    Object.assign(model, { settings, patterns });
    if (!rebuild()) return false;
    begin(start, parts.get("l") || "");
    model.plan = listOf(parts.get("w"));
    const t = Math.min(Number(parts.get("t")) || 0, 1e8);
    while (model.chain.t < t) {
      const before = model.chain.t;
      make(Math.min(t - before, 1e5));
      if (model.chain.t === before) break;
    }
    model.plan = listOf(parts.get("q"));
    sample();
    if (Object.hasOwn(data.texts, parts.get("lang"))) page.language = parts.get("lang");
    return true;
  } catch {
    return false;
  }
}
