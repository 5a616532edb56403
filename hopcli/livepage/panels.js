// The panels: a pixel's field, counts, calls, the lesson.

// --- a pixel ------------------------------------------------------------------------------

function look(site) {
  page.looked = site;
  byId("pixel").hidden = site < 0;
  if (site >= 0) showPixel();
  wake();
}

function showPixel() {
  const { 1: width } = data.shape, site = page.looked;
  const { spin, shares, rest, own, theta, field, chance } = fieldParts(model.chain, site);
  byId("pixel-title").textContent = say("pixel-title", { row: Math.floor(site / width) + 1, column: (site % width) + 1 });
  const certain = model.chain.t ? chance : chanceNow(site, field - theta, spin);
  byId("pixel-text").textContent = say("pixel-text", {
    value: say(spin > 0 ? "on" : "off"), h: number(field, 3), chance: number(certain, 3),
  });
  const parts = [...shares.entries()].map(([mu, value]) => [say("part-pattern", { name: shown(model.patterns[mu].name) }), value]);
  if (Math.abs(rest) > 5e-4) parts.push([say("part-rest"), rest]);
  if (own) parts.push([say("part-own"), own]);
  if (theta) parts.push([say("part-theta"), -theta]);
  byId("pixel-rows").replaceChildren(...parts.map(([name, value]) => element("tr", {},
    element("th", { scope: "row" }, name), element("td", { class: "number" }, number(value, 3)))));
}

// Before the first sweep a chain has no temperature yet.
function chanceNow(site, excess, spin) {
  const T = isNoisy() ? model.settings.T : 0;
  return chanceOf(model.chain.rule, spin * excess, spin, T);
}

// --- counts -------------------------------------------------------------------------------

async function count(starts, isDrawn) {
  if (page.counting) {
    page.stopsCounting = true;
    return;
  }
  page.counting = true;
  page.stopsCounting = false;
  const button = byId(isDrawn ? "count-drawn" : "count-images"), { sweeps, T } = model.settings;
  const other = byId(isDrawn ? "count-images" : "count-drawn");
  if (page.running) stop(false);
  other.disabled = true;
  button.textContent = say("count-stop");
  const temperatures = new Array(sweeps).fill(isNoisy() ? T : 0);
  const counts = await countEnds(starts, temperatures, (done, all) => {
    button.textContent = `${say("count-stop")} (${number(done)}/${number(all)})`;
  });
  page.counting = false;
  other.disabled = false;
  byId("count-drawn").textContent = say("count-drawn");
  byId("count-images").textContent = say("count-images", { n: data.images.labels.length });
  if (!counts) {
    byId("count-says").textContent = say("count-stopped");
    return;
  }
  byId("count-says").textContent = say("count-done", { n: number(starts.length), sweeps: number(sweeps) });
  byId("count-caption").textContent = say("count-caption", { n: number(starts.length), sweeps: number(sweeps) });
  if (isDrawn) showEnds(counts.get(model.label) || new Map(), starts.length);
  else showRecalled(counts);
  byId("count-result").hidden = false;
}

function heads(first, published) {
  const keys = [first, "count-share", "count-number", "count-range", ...(published ? ["count-published"] : [])];
  byId("count-head").replaceChildren(...keys.map((key, k) => (
    element("th", { scope: "col", class: k > 1 ? "number" : k ? "share-bar" : "" }, say(key)))));
}

function countRow(name, successes, trials, published) {
  const [low_, high_] = exactInterval(successes, trials), percent = (x) => number(100 * x, 0);
  const bar = element("i"), range = element("u"), meter = element("div", { class: "meter", "aria-hidden": "true" }, bar, range);
  bar.style.width = `${(100 * successes) / trials}%`;
  range.style.left = `${100 * low_}%`;
  range.style.width = `${100 * (high_ - low_)}%`;
  if (published !== undefined) {
    const mark = element("b");
    mark.style.left = `calc(${published}% - 1px)`;
    meter.append(mark);
  }
  const cells = [`${number(successes)} / ${number(trials)}`, `${percent(low_)}\u2013${percent(high_)} %`];
  if (published !== undefined) cells.push(`${number(published, 1)} %`);
  return element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, meter),
    ...cells.map((text) => element("td", { class: "number" }, text)));
}

function showEnds(outcomes, trials) {
  heads("count-end", false);
  const rows = [...outcomes].sort((one, other) => other[1] - one[1]).map(([key, n]) => {
    const [kind, mu] = key.split(":");
    return countRow(say(`end-${kind}`, { name: mu === undefined ? "" : shown(model.patterns[Number(mu)].name) }), n, trials);
  });
  byId("count-rows").replaceChildren(...rows);
  byId("count-note").textContent = say("count-note");
}

function showRecalled(counts) {
  const published = data.published && isPristine() ? data.published : {};
  const any = [...counts.keys()].some((label) => Object.hasOwn(published, label));
  heads("count-label", any);
  byId("count-rows").replaceChildren(...[...counts].map(([label, outcomes]) => {
    const { recalled, trials } = recalledOf(outcomes, label);
    return countRow(shown(label), recalled, trials, any && Object.hasOwn(published, label) ? published[label] : undefined);
  }));
  byId("count-note").textContent = say("count-note-images") + (any ? ` ${say("count-note-published")}` : "");
}

// --- saving and calls ---------------------------------------------------------------------

function showCalls() {
  const { chain, settings } = model, middle = chain.t !== chain.end && chain.t > 0 && chain.how.dynamics !== "sync";
  const none = settings.kept ? "calls-kept" : settings.rule in LEARNERS ? "" : "calls-given";
  const line_ = none ? "" : commandLine();
  byId("calls-note").textContent = say(none || (middle ? "calls-middle" : "calls-note"), { n: number(sweepsOf()) });
  byId("command").textContent = line_ || (none ? "" : say("command-none"));
  byId("python").textContent = none ? "" : pythonCall();
  for (const id of ["copy-command", "copy-python"]) byId(id).disabled = Boolean(none) || (id === "copy-command" && !line_);
  for (const id of ["command-part", "python-part"]) byId(id).hidden = Boolean(none);
  byId("save-patterns").hidden = !line_.includes("patterns.txt");
  byId("save-theta").hidden = !line_.includes("theta.txt");
}

async function copy(text, source) {
  try {
    await navigator.clipboard.writeText(text);
    byId("share-says").textContent = say("copied");
  } catch {
    if (source) getSelection().selectAllChildren(source);
    byId("share-says").textContent = say("copy-failed");
  }
}

function wirePanels() {
  const on = (id, act) => byId(id).addEventListener("click", act);
  on("count-drawn", () => {
    const spins = model.start, { label } = model;
    count(Array.from({ length: 100 }, () => ({ spins, label })), true);
  });
  on("count-images", () => count(data.images.labels.map((label, k) => (
    { label, spins: unpack(data.images.spins[k], data.sites) })), false));
  const saved = (name) => { byId("share-says").textContent = say("saved", { name }); };
  on("copy", () => {
    keepAddress();
    copy(location.href.split("#")[0] + address(), null);
  });
  on("png", () => { savePng(); saved("state.png"); });
  on("gif", () => { saveAs("run.gif", gif(frames(60), Math.max(1, Math.round(168 / Math.max(...data.shape)))), "image/gif"); saved("run.gif"); });
  on("csv", () => { saveAs("run.csv", table(), "text/csv"); saved("run.csv"); });
  on("save-start", () => { saveAs("start.txt", drawnText([{ name: "start", spins: model.start }]), "text/plain"); saved("start.txt"); });
  on("save-patterns", () => { saveAs("patterns.txt", drawnText(model.patterns), "text/plain"); saved("patterns.txt"); });
  on("save-theta", () => { saveAs("theta.txt", `${thresholds(data).join("\n")}\n`, "text/plain"); saved("theta.txt"); });
  on("copy-command", () => copy(byId("command").textContent, byId("command")));
  on("copy-python", () => copy(byId("python").textContent, byId("python")));
  byId("calls").addEventListener("toggle", showCalls);
  on("lesson-open", () => openLesson(0));
  on("lesson-close", () => openLesson(-1));
  on("lesson-next", () => openLesson(Math.min(lesson.step + 1, STEPS.length - 1)));
  on("lesson-back", () => openLesson(Math.max(lesson.step - 1, 0)));
}

// --- the lesson ---------------------------------------------------------------------------

const lesson = { step: -1, guess: -1, came: -1 };

function openLesson(step) {
  Object.assign(lesson, { step, guess: -1, came: -1 });
  byId("lesson").hidden = step < 0;
  byId("lesson-open").hidden = step >= 0;
  if (step < 0) return;
  page.running = false;
  SCENES[STEPS[step]]();
  changed();
  tell(() => say("ready"));
  showLesson();
  byId("lesson-title").focus();
}

function showLesson() {
  const name = STEPS[lesson.step], texts = data.texts[page.language][`lesson-${name}`];
  byId("lesson-title").textContent = texts.title;
  byId("lesson-place").textContent = say("lesson-place", { n: lesson.step + 1, all: STEPS.length });
  byId("lesson-text").textContent = texts.text;
  byId("lesson-asks").textContent = texts.asks;
  byId("lesson-answers").replaceChildren(...texts.answers.map((answer, k) => {
    const button = element("button", { type: "button", class: "toggle", "aria-pressed": String(lesson.guess === k) }, answer);
    button.addEventListener("click", () => predict(k));
    return button;
  }));
  const after = [];
  if (lesson.came >= 0) {
    after.push(say(lesson.came === lesson.guess ? "lesson-right" : "lesson-wrong"), texts.after);
    if (lesson.step === STEPS.length - 1) after.push(say("lesson-last"));
  } else if (lesson.guess >= 0) after.push(say("lesson-run", { answer: texts.answers[lesson.guess] }));
  byId("lesson-says").textContent = after.join(" ");
  byId("lesson-back").disabled = lesson.step === 0;
  byId("lesson-next").disabled = lesson.step === STEPS.length - 1;
}

function predict(answer) {
  Object.assign(lesson, { guess: answer, came: -1 });
  edit(model.start, model.label);
  start();
  showLesson();
  byId("lesson-answers").children[answer].focus();
}

// Compare the prediction with the end of the run.
function judge(end) {
  if (lesson.step < 0 || lesson.guess < 0 || lesson.came >= 0) return;
  lesson.came = ANSWERS[STEPS[lesson.step]](end);
  showLesson();
}

// --- the beginning ------------------------------------------------------------------------

function open() {
  readColours();
  model.settings = { ...data.settings };
  model.patterns = ownPatterns();
  const languages = Object.entries(data.texts);
  byId("language").replaceChildren(...languages.map(([code, texts]) => element("option", { value: code, lang: code }, texts["language-name"])));
  const wanted = (navigator.language || "").slice(0, 2);
  if (!data.asked && Object.hasOwn(data.texts, wanted)) page.language = wanted;
  const [height, width] = data.shape;
  byId("state").style.aspectRatio = `${width} / ${height}`;
  wireDrawing();
  wireSettings();
  wirePictures();
  wirePanels();
  takeAddress(false);
  byId("language").value = page.language;
  byId("language").addEventListener("change", () => {
    page.language = byId("language").value;
    translate();
    keepAddress();
    wake();
  });
  window.addEventListener("hashchange", () => takeAddress(true));
  window.addEventListener("resize", wake);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    readColours();
    translate();
    wake();
  });
  translate();
  if (data.lesson && !location.hash) openLesson(0);
  wake();
}

// Take the state of the address; without one begin with a noisy first pattern.
function takeAddress(again) {
  if (location.hash === "#state") return;
  const hash = location.hash;
  if (hash && restore(hash)) {
    const end = model.chain.t > 0 ? classifyChain(model.chain, model.settings.criterion) : null;
    page.running = false;
    tell(() => (end ? `${say("restored")} ${outcomeText(end)}` : say("restored")));
  } else if (!again || hash) {
    model.settings = { ...data.settings };
    model.patterns = ownPatterns();
    rebuild();
    begin(noise(model.patterns[0].spins, 0.25), model.patterns[0].label);
    tell(() => say(hash ? "address-other" : "ready"));
  }
  page.past = null;
  if (again) {
    byId("language").value = page.language;
    translate();
    wake();
  }
}

open();
