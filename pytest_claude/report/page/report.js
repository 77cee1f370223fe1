"use strict";
// No framework, no request. Whatever a model, a user or a test says reaches the page through
// textContent alone; control characters are written out.
(() => {
const $ = (query, from = document) => from.querySelector(query);
const $$ = (query, from = document) => [...from.querySelectorAll(query)];
const LONG = 20000, SHOWN = 4000, MOST_WORDS = 4000;

const clean = text => String(text).replace(
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
  c => c === "\r" ? "" : c.charCodeAt(0) < 256
    ? "\\x" + c.charCodeAt(0).toString(16).padStart(2, "0") : "\\u" + c.charCodeAt(0).toString(16));
const plural = (n, noun) => n.toLocaleString("en") + " " + noun + (n === 1 ? "" : "s");

function el(tag, attributes, ...kids) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "on") made.addEventListener("click", value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name === "cls" ? "class" : name, value);
  }
  add(made, kids);
  return made;
}
function add(parent, kids) {
  for (const kid of kids.flat(9)) {
    if (kid == null || kid === false) continue;
    parent.append(kid.nodeType ? kid : document.createTextNode(clean(kid)));
  }
}
function svg(tag, attributes, ...kids) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  for (const kid of kids.flat(9)) if (kid != null) made.append(kid);
  return made;
}
const cssName = kind => kind.replace(" ", "-");
const icon = kind => svg("svg", {class: "ico " + cssName(kind), "aria-hidden": "true"},
  svg("use", {href: "#i-" + cssName(kind)}));
const ticks = text => String(text).split("`").map((piece, n) => n % 2 ? el("code", null, piece) : piece);
// A line may break after these, so that no name is cut anywhere.
const breakable = text => text.match(/[^_:/]*[_:/]*/g).flatMap(piece => piece ? [piece, el("wbr")] : []);
const commandCode = line => el("code", null, line.split(" ").flatMap((word, n) => [n ? " " : "", el("span", {cls: "w"}, breakable(word))]));
const capital = text => text.replace(/^[a-z]/, c => c.toUpperCase());

// --- state: screen, test, pair, filter and view live in the hash, so a link opens the same ------
const state = {test: "", pair: "", q: "", v: "", view: ""};
const rows = $$(".row"), live = $("#live");
const byTest = new Map(rows.map(row => [row.dataset.test, row]));
function readHash() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const key of Object.keys(state)) state[key] = given.get(key) || "";
}
function go(changes, replace) {
  const next = new URLSearchParams();
  for (const [key, value] of Object.entries({...state, ...changes})) if (value) next.set(key, value);
  const hash = "#" + next;
  if (replace) { history.replaceState(null, "", hash); render(); } else if (location.hash !== hash) location.hash = hash;
}
let shownTest = null, scrolled = 0;
function render() {
  readHash();
  const row = byTest.get(state.test), detail = Boolean(row);
  if (detail && !shownTest) scrolled = scrollY;
  $("#overview").hidden = detail; $("#detail").hidden = !detail;
  document.body.classList.toggle("in-detail", detail);
  filterRows();
  if (detail) openTest(row);
  else if (shownTest) {
    const back = byTest.get(shownTest);
    shownTest = null;
    scrollTo(0, scrolled);
    if (back && back.checkVisibility()) $("a", back).focus({preventScroll: true});
  }
}

// --- overview -----------------------------------------------------------------------------------
const visible = () => rows.filter(row => !row.hidden);
let filteredFor = null;
function filterRows() {
  const field = $("#filter"), words = state.q.toLowerCase();
  if (!field || filteredFor === state.v + "\n" + words) return;
  const first = filteredFor === null;
  filteredFor = state.v + "\n" + words;
  if (field.value !== state.q) field.value = state.q;
  const found = {"": 0};
  for (const row of rows) {
    const hit = !words || row.dataset.find.includes(words);
    if (hit) { found[""]++; found[row.dataset.kind] = (found[row.dataset.kind] || 0) + 1; }
    row.hidden = !hit || (state.v && row.dataset.kind !== state.v);
  }
  for (const group of $$(".group")) {
    group.hidden = !$(".row:not([hidden])", group);
    const fold = $("details", group);
    if (fold && (words || state.v)) fold.open = true;
  }
  for (const button of $$(".strip button")) {
    const kind = button.dataset.kind, count = $("strong", button), all = count.dataset.count;
    button.setAttribute("aria-pressed", kind === state.v);
    count.textContent = words ? (found[kind] || 0) : all;
    if (words) count.append(el("small", null, " of " + all));
  }
  const shown = visible().length, none = $("#none");
  none.hidden = shown > 0;
  none.textContent = "";
  if (!shown) add(none, ["no test matches ", state.q ? "“" + state.q + "” " : "this verdict ",
    el("button", {cls: "btn", type: "button", on: () => go({q: "", v: ""}, true)}, "clear")]);
  if (!first) live.textContent = plural(shown, "test") + " shown";
}
function pickKind(kind) { go({v: state.v === kind ? "" : kind, test: ""}, true); }
for (const button of $$(".strip button")) button.addEventListener("click", () => pickKind(button.dataset.kind));
if ($("#filter")) $("#filter").addEventListener("input", event => go({q: event.target.value, test: ""}, true));
function moveRow(step) {
  const links = visible().map(row => $("a", row)).filter(a => a.checkVisibility());
  const at = links.indexOf(document.activeElement);
  const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.max(0, Math.min(links.length - 1, at + step))];
  if (next) { next.focus(); next.scrollIntoView({block: "nearest"}); }
}
for (const link of $$(".row a")) link.addEventListener("click", event => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go({test: link.parentNode.dataset.test, pair: ""});
});

// --- data ---------------------------------------------------------------------------------------
async function inflate(id) {
  const bytes = Uint8Array.from(atob($("#" + id).textContent), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).json();
}
const kept = new Map();
const load = id => kept.get(id) || kept.set(id, inflate(id)).get(id);
async function loadTest(row) {
  const [data, common] = await Promise.all([load("c" + row.dataset.n), load("common")]);
  data.common = common;
  return data;
}

// --- texts and differences ----------------------------------------------------------------------
const same = (a, b) => JSON.stringify(a, withoutIds) === JSON.stringify(b, withoutIds);
const withoutIds = (key, value) => key === "id" || key === "tool_use_id" || key === "signature" ? undefined : value;
const pretty = value => typeof value === "string" ? prettyText(value) : JSON.stringify(value, null, 2);
function prettyText(text) {
  if (!/^\s*[[{]/.test(text)) return text;
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value && typeof value === "object")
    return Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])]));
  return value;
}
// Longest common subsequence of two lists, as pairs of [mark, entry]: "=", "-" or "+".
function diff(a, b) {
  let head = 0, tail = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const left = a.slice(head, a.length - tail), right = b.slice(head, b.length - tail);
  const width = right.length + 1, table = new Uint16Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--)
    for (let j = right.length - 1; j >= 0; j--)
      table[i * width + j] = left[i] === right[j] ? table[(i + 1) * width + j + 1] + 1
        : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
  const found = a.slice(0, head).map(entry => ["=", entry]);
  for (let i = 0, j = 0; i < left.length || j < right.length;) {
    if (i < left.length && j < right.length && left[i] === right[j]) { found.push(["=", left[i++]]); j++; }
    else if (i < left.length && (j >= right.length || table[(i + 1) * width + j] >= table[i * width + j + 1])) found.push(["-", left[i++]]);
    else found.push(["+", right[j++]]);
  }
  return found.concat(a.slice(a.length - tail).map(entry => ["=", entry]));
}
const wordsOf = text => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) || [];
// The marked text of one side, or null when the texts have too little in common to mark.
function markedWords(left, right, side) {
  if (left === right) return null;
  const a = wordsOf(left), b = wordsOf(right);
  if (a.length > MOST_WORDS || b.length > MOST_WORDS) return null;
  const steps = diff(a, b), letters = word => /[\p{L}\p{N}]/u.test(word);
  const equal = steps.filter(([mark, word]) => mark === "=" && letters(word)).length;
  if (2 * equal < 0.3 * (a.filter(letters).length + b.filter(letters).length)) return null;
  return marked(steps, side);
}
function marked(steps, side) {
  const drop = side === "base" ? "+" : "-", mine = steps.filter(([mark]) => mark !== drop), runs = [];
  mine.forEach(([mark, text], n) => {
    // A blank between two changed words belongs to the change.
    const blank = /^\s+$/.test(text) && mark === "=" && !text.includes("\n");
    const inside = blank && n && mine[n - 1][0] !== "=" && mine[n + 1] && mine[n + 1][0] !== "=";
    const change = inside || mark !== "=", last = runs[runs.length - 1];
    if (last && last[0] === change) last[1] += text; else runs.push([change, text]);
  });
  const [tag, word] = side === "base" ? ["del", "removed"] : ["ins", "added"];
  return runs.map(([change, text]) => change ? el(tag, null, el("span", {cls: "vh"}, word + ": "), text) : text);
}
function cutText(text) {
  if (text.length <= LONG) return [text];
  const rest = el("span", null, text.slice(0, SHOWN), "… ");
  rest.append(el("button", {cls: "more", type: "button", on: () => rest.replaceWith(document.createTextNode(clean(text)))},
    "show " + Math.ceil(text.length / 1000) + " kB"));
  return [rest];
}

// --- one test -----------------------------------------------------------------------------------
let now = null;
async function openTest(row) {
  const fresh = shownTest !== row.dataset.test, place = $("#test");
  shownTest = row.dataset.test;
  drawRail(row);
  if (fresh) { place.textContent = ""; add(place, [el("p", {cls: "meta"}, "unfolding …")]); }
  let data;
  try { data = await loadTest(row); } catch (error) {
    place.textContent = "";
    return add(place, [el("p", {cls: "oops"}, "this browser can't unfold the transcripts: " + error.message)]);
  }
  if (shownTest !== row.dataset.test) return;
  now = {row, data, pair: pairOf(data)};
  place.textContent = "";
  add(place, testPage(data, row, now.pair));
  if (fresh) { scrollTo(0, 0); $("h1", place).focus({preventScroll: true}); document.title = data.name + " · pytest-claude"; }
}
function pairOf(data) {
  const given = state.pair.split(".").map(n => parseInt(n, 10) - 1);
  return data.sides.map((side, n) => side.trials[given[n]] ? given[n] : data.pair[n]);
}
let railFor = null;
function drawRail(row) {
  const rail = $("#rail"), key = filteredFor;
  if (railFor !== key) {
    railFor = key;
    rail.textContent = "";
    for (const group of $$(".group")) {
      const inside = $$(".row:not([hidden])", group);
      if (!inside.length) continue;
      const name = $(`.strip [data-kind="${group.dataset.kind}"] span`).textContent;
      add(rail, [el("h3", null, group.dataset.of + name + " " + inside.length), el("ul", null, inside.map(one =>
        el("li", null, el("a", {href: $("a", one).getAttribute("href"), title: one.dataset.test, "data-to": one.dataset.test,
          on: event => { event.preventDefault(); go({test: one.dataset.test, pair: ""}); }},
          icon(one.dataset.kind), el("span", null, $(".id b", one).textContent)))))]);
    }
  }
  for (const link of $$("a", rail)) {
    const current = link.dataset.to === row.dataset.test;
    if (current) { link.setAttribute("aria-current", "true"); if (link.checkVisibility()) link.scrollIntoView({block: "nearest"}); }
    else link.removeAttribute("aria-current");
  }
}
function testPage(data, row, pair) {
  const listed = visible(), kindName = $(`.strip [data-kind="${data.kind}"] span`).textContent;
  return [
    el("div", {cls: "crumb"}, el("a", {href: "#", on: event => { event.preventDefault(); go({test: "", pair: ""}); }}, "Overview"), "›",
      el("span", {cls: "kind " + cssName(data.kind)}, icon(data.kind), kindName), listed.indexOf(row) + 1 + " of " + listed.length,
      el("span", {cls: "hint"}, el("kbd", null, "j"), " ", el("kbd", null, "k"), " next test")),
    el("h1", {tabindex: "-1"}, data.title ? ticks(capital(data.title)) : data.name),
    el("p", {cls: "path"}, breakable(data.module + data.name), (data.line ? " · line " + data.line : "")),
    data.also.length ? el("ul", {cls: "also"}, data.also.map(text => el("li", null, ticks(text)))) : null,
    data.sides.length ? whyCards(data) : el("p", {cls: "full"}, data.title ? capital(data.title) : ""),
    data.sides.length ? transcripts(data, pair) : null,
    jsonPart(data, pair),
    data.commands.length ? [el("h2", {cls: "part"}, "Commands"), el("div", {cls: "card next full"}, data.commands.map(entry =>
      el("div", null, el("div", {cls: "cmd"}, el("span", null, entry.purpose), commandCode(entry.line),
        el("button", {cls: "btn", type: "button", "data-copy": entry.line}, "copy")))))] : null,
    data.sides.map((side, n) => el("p", {cls: "path" + (n ? "" : " full")}, breakable(cassetteOf(side.trials[pair[n]])))),
  ];
}
const cassetteOf = trial => trial && trial.cassette ? trial.cassette + (trial.n > 1 ? ", interactions 1–" + trial.n : ", interaction 1") : "";
function whyCards(data) {
  const left = el("section", {cls: "card"}, el("h2", null, data.behaves ? "Trials that behave that way" : "Pass rate"), rateChart(data),
    data.statement ? el("p", {cls: "note"}, ticks(data.statement)) : null,
    el("p", {cls: "note"}, "Lines: Wilson's 95% interval, descriptive."));
  const cards = [left, checksCard(data)].filter(Boolean);
  return [el("div", {cls: cards.length > 1 ? "why" : "full"}, cards),
    data.facts.length ? el("section", {cls: "card full"}, el("h2", null, "Cost, tokens and time, one dot per trial"), el("div", {cls: "plots"}, data.facts.map(plot))) : null];
}
function rateChart(data) {
  const cells = [];
  const grid = () => [0, 25, 50, 75, 100].map(x => svg("line", {class: "gridline", x1: x + "%", x2: x + "%", y1: 0, y2: "100%"}));
  for (const side of data.sides) for (const lane of side.lanes) {
    if (!lane.of) continue;
    const at = 100 * lane.good / lane.of, bounds = [lane.low, lane.high];
    cells.push(el("span", null, [side.short, lane.label].filter(Boolean).join(" ")),
      svg("svg", {role: "img", "aria-label": `${lane.good} of ${lane.of}, interval ${Math.round(lane.low)}% to ${Math.round(lane.high)}%`}, grid(),
        svg("g", {class: side.role}, svg("line", {class: "range", x1: lane.low + "%", x2: lane.high + "%", y1: 15, y2: 15}),
          bounds.map(x => svg("line", {class: "range", x1: x + "%", x2: x + "%", y1: 10, y2: 20})),
          svg("circle", {class: "point", cx: at + "%", cy: 15, r: 5}))),
      el("b", null, lane.good + "/" + lane.of));
  }
  cells.push(el("span"), svg("svg", {class: "axis-row", "aria-hidden": "true"}, [0, 25, 50, 75, 100].map(x => label(x, 12, x + "%", "middle"))), el("b"));
  return el("div", {cls: "rate"}, cells);
}
function label(x, y, text, anchor) {
  const made = svg("text", {x: x + "%", y, "text-anchor": anchor});
  made.textContent = text;
  return made;
}
function plot(fact) {
  const lanes = fact.sides.map((side, lane) => {
    const y = 10 + 16 * lane, xs = side.values.map(value => 100 * value / fact.end);
    return svg("g", {class: side.role}, xs.map((x, n) => svg("circle", {class: "point", cx: x.toFixed(2) + "%", cy: y + (n % 3 - 1) * 4, r: 2.5, "fill-opacity": .7})),
      side.median == null ? null : svg("line", {class: "range", x1: 100 * side.median / fact.end + "%", x2: 100 * side.median / fact.end + "%", y1: y - 7, y2: y + 7, "stroke-width": 2, opacity: 1}));
  });
  const axis = 14 + 16 * fact.sides.length;
  return el("div", null, el("h4", null, fact.label + (fact.unit ? ", " + fact.unit : "") + " · median " + fact.told),
    svg("svg", {role: "img", "aria-label": fact.label + ": median " + fact.told}, svg("line", {class: "axis", x1: 0, x2: "100%", y1: axis, y2: axis}),
      [0, 50, 100].map(x => svg("line", {class: "axis", x1: x + "%", x2: x + "%", y1: axis, y2: axis + 4})), lanes,
      label(0, axis + 16, "0", "start"), label(50, axis + 16, fact.half, "middle"), label(100, axis + 16, fact.last, "end")));
}
function checksCard(data) {
  if (!data.checks.length) return null;
  return el("section", {cls: "card"}, el("h2", null, "Checks: trials in which each held"), el("div", {cls: "scroll"}, el("table", null,
    el("thead", null, el("tr", null, el("th", null, "check"), data.sides.map(side => el("th", {cls: "n"}, side.short)))),
    el("tbody", null, data.checks.map(check => el("tr", null, el("td", null, ticks(check.text), check.line ? el("small", null, " line " + check.line) : null),
      check.sides.map(([held, of, missing], n) => el("td", {cls: "n" + (n && check.differs ? " odd" : "")}, of ? held + "/" + of : "", missing ? el("small", null, ` ${missing} not asked`) : null))))))),
    el("p", {cls: "note"}, "In the order of the test. A check after a failed assertion is not asked in that trial."));
}

// --- transcripts --------------------------------------------------------------------------------
const VIEWS = [["", "Side by side"], ["diff", "Differences only"], ["raw", "Raw JSON"]];
function transcripts(data, pair) {
  const sides = data.sides.map((side, n) => ({...side, simulated: data.simulated, trial: side.trials[pair[n]]}));
  const views = sides.length > 1 ? VIEWS : [["", "Transcript"], ["raw", "Raw JSON"]];
  const lone = sides.filter(side => side.trial && side.trial.calls).length < 2;
  return [
    el("div", {cls: "partbar part"}, el("h2", {cls: "part"}, sides.length > 1 ? "Transcripts" : "Transcript"),
      el("div", {cls: "seg", role: "group", "aria-label": "View"}, views.map(([view, text]) =>
        el("button", {cls: "btn", type: "button", "aria-pressed": String(state.view === view), on: () => go({view}, true)}, text)))),
    el("div", {cls: "two pick" + (sides.length > 1 ? "" : " one")}, sides.map((side, n) => picker(data, side, n, pair))),
    el("div", {cls: "two full" + (lone ? " one" : "") + (state.view === "diff" ? " same-only" : "") + (state.view === "raw" ? " raw" : "")},
      state.view === "raw" ? sides.map(side => rawSide(data, side)) : turnsOf(data, sides)),
  ];
}
const MARKS = {pass: ["passed", "on"], fail: ["failed", "off"], void: ["no evidence", "gone"], yes: ["behaves that way", "on"], no: ["does not", "not"]};
function markDot(mark) {
  const kind = MARKS[mark][1], shape = mark === "yes" || mark === "no" ? svg("path", {class: kind, d: "M1.5 1.5h6v6h-6z"})
    : mark === "void" ? svg("path", {class: kind, d: "M1 4h7v1h-7z"}) : svg("circle", {class: kind, cx: 4.5, cy: 4.5, r: kind === "on" ? 3.5 : 3});
  return svg("svg", {viewBox: "0 0 9 9", width: 9, height: 9, "aria-hidden": "true"}, shape);
}
function picker(data, side, n, pair) {
  const chosen = side.trials[pair[n]];
  if (!chosen) return el("div", null, el("span", {cls: "tag " + side.role}, side.model), el("p", null, "no trial"));
  const pick = to => { const next = pair.slice(); next[n] = to; go({pair: next.map(i => i + 1).join(".")}, true); };
  let index = 0;
  return el("div", null,
    el("p", null, el("span", {cls: "tag " + side.role}, side.model), `trial ${pair[n] + 1} of ${side.trials.length}`,
      chosen.note ? ", " + chosen.note : "", chosen.mark === "fail" && chosen.cause ? [": ", ticks(chosen.cause)] : ""),
    side.trials.length > 1 ? el("div", {cls: "picks", role: "group", "aria-label": "Trials of " + side.model}, side.lanes.map((lane, l) =>
      [l ? el("i") : null, lane.marks.map(mark => { const at = index++; return el("button", {type: "button", cls: side.role, "aria-pressed": String(at === pair[n]),
        "aria-label": `trial ${at + 1}, ${MARKS[mark][0]}`, title: `trial ${at + 1}, ${MARKS[mark][0]}`, on: () => pick(at)}, markDot(mark)); })])) : null);
}
function stepsOf(data, side) {
  if (!side.trial || !side.trial.calls) return null;
  return side.trial.calls.map(call => ({call, side, before: items(data, call)}));
}
// What the app sent since the last answer: one item per message or tool result.
function items(data, call) {
  const found = [];
  for (const number of call.new) {
    const message = data.pool[number], blocks = Array.isArray(message.content) ? message.content : [{type: "text", text: String(message.content ?? "")}];
    for (const block of blocks) {
      const last = found[found.length - 1], result = String(block.type).endsWith("tool_result");
      if (!result && last && !last.result && last.message === number) last.blocks.push(block);
      else found.push({message: number, result, role: message.role, blocks: [block]});
    }
  }
  return found;
}
function turnsOf(data, sides) {
  const steps = sides.map(side => stepsOf(data, side));
  if (steps.every(one => !one)) return el("p", {cls: "band card-like"}, missingText(sides));
  const out = [], length = Math.max(...steps.map(one => one ? one.length : 0));
  steps.forEach((one, n) => { if (!one) out.push(el("div", {cls: "gap"}, missingText([sides[n]]))); });
  const names = toolNames(steps), there = steps.filter(Boolean), lone = there.length < 2;
  if (sides.length < 2) for (const step of there[0]) step.plain = true;
  for (let turn = 0; turn < length; turn++) {
    const pair = there.map(one => one[turn] || null);
    out.push(setup(data, pair, turn, there, lone));
    const most = Math.max(...pair.map(step => step ? step.before.length : 0));
    for (let k = 0; k < most; k++) out.push(paired(pair.map(step => step && step.before[k] || null), pair, lone, item => item.blocks,
      (item, other, step) => messageCell(item, other, step, names), () => "no message here"));
    out.push(paired(pair.map(step => step && step.call), pair, lone, call => [call.say, call.stop, call.error, call.status],
      (call, other, step, equal) => answerCell(call, other, step, turn, equal), step => "no turn " + (turn + 1)));
  }
  return out;
}
const missingText = sides => sides.map(side => !side.trial ? "no trial on this side" : side.trial.trimmed
  ? "this transcript was left out to keep the file small: " : "no transcript is stored for this trial; ").join("") +
  sides.filter(side => side.trial).map(side => side.trial.cassette ? "pytest-claude inspect --transcript " + side.trial.cassette : "no call was made").join("");
// Equal on both sides: one full-width band. Otherwise two cells; a missing partner says so.
function paired(values, steps, lone, bytes, cell, absent) {
  if (lone) return values[0] ? cell(values[0], null, steps[0], false) : null;
  if (values[0] && values[1] && same(bytes(values[0]), bytes(values[1]))) {
    const band = cell(values[0], values[1], steps[0], true);
    band.classList.add("equal");
    return band;
  }
  return values.map((value, n) => value ? cell(value, values[1 - n], steps[n], false) : el("div", {cls: "gap"}, absent(steps[n])));
}
function toolNames(steps) {
  const names = {};
  for (const one of steps) for (const step of one || []) for (const block of step.call.say) if (block.id) names[block.id] = block.name;
  return names;
}
// System prompt, tools and settings: told before the first turn, and again where they change.
function setup(data, pair, turn, there, lone) {
  const of = (step, key) => { const ref = step && step.call.ask[key]; return ref ? (ref[0] === "common" ? data.common : data.pool)[ref[1]] : null; };
  const previous = there.map(one => turn ? one[turn - 1] : null);
  return ["system", "tools"].map(key => {
    const values = pair.map(step => of(step, key));
    if (values.every((value, n) => value == null || (pair[n] && previous[n] && same(value, of(previous[n], key))))) return null;
    const cell = (value, other, step, equal) => fold(key, value, other, step, equal || lone);
    return paired(values, pair, lone, value => value, cell, () => key === "system" ? "no system prompt" : "no tools");
  });
}
function fold(key, value, other, step, equal) {
  const text = key === "system" ? textOf(value) : JSON.stringify(value, null, 2);
  const told = key === "system" ? `System prompt, ${plural((text.match(/\S+/g) || []).length, "word")}`
    : plural(value.length, "tool") + ": " + value.map(tool => tool.name || tool.type).join(", ");
  const body = el("div", {hidden: true}), otherText = other && !equal ? (key === "system" ? textOf(other) : JSON.stringify(other, null, 2)) : null;
  const side = step.side.role, show = el("button", {cls: "more", type: "button", "aria-expanded": "false", on: () => {
    if (!body.firstChild) body.append(key === "system" ? prose(text, otherText, side) : lines(value, other && !equal ? other : null, side));
    body.hidden = !body.hidden;
    show.textContent = body.hidden ? "Show" : "Hide";
    show.setAttribute("aria-expanded", String(!body.hidden));
  }}, "Show");
  return el("div", {cls: equal ? "band" : "turn " + side}, el("span", {cls: "who"}, key === "system" ? "System" : "Tools"), el("div", null, el("span", null, told, " "), show, body));
}
const textOf = value => typeof value === "string" ? value : value.map(block => block.text ?? JSON.stringify(block)).join("\n\n");
function prose(text, other, side) {
  const marks = other == null ? null : markedWords(side === "base" ? text : other, side === "base" ? other : text, side);
  return el("div", {cls: "said", dir: "auto"}, marks || cutText(text));
}
function lines(value, other, side) {
  const mine = pretty(value);
  if (other == null) return el("pre", {dir: "auto"}, cutText(mine));
  const theirs = pretty(other), a = (side === "base" ? mine : theirs).split("\n"), b = (side === "base" ? theirs : mine).split("\n");
  if (a.length > MOST_WORDS || b.length > MOST_WORDS || mine === theirs) return el("pre", {dir: "auto"}, cutText(mine));
  const drop = side === "base" ? "+" : "-", steps = diff(a.map(bare), b.map(bare)).filter(([mark]) => mark !== drop), own = mine.split("\n");
  return el("pre", {dir: "auto"}, steps.map(([mark], n) => [n ? "\n" : "", mark === "=" ? own[n] : [own[n].match(/^\s*/)[0], marked([[mark, own[n].trimStart()]], side)]]));
}
const bare = line => line.replace(/,$/, "");
function blockCell(block, others, side, short) {
  if (block.type === "text") {
    const other = others && others.filter(one => one.type === "text").map(one => one.text).join("");
    const text = block.text || "";
    if (/^\s*[[{][\s\S]*[\]}]\s*$/.test(text) && prettyText(text) !== text) return lines(text, other && prettyText(other) !== other ? other : null, side);
    return prose(text, other || null, side);
  }
  if (block.type === "thinking" || block.type === "redacted_thinking") return thinking(block);
  if (/tool_use$/.test(block.type)) return toolCard(block, others, side, short);
  if (/tool_result$/.test(block.type)) return resultBody(block, others, side);
  return el("p", {cls: "said meta"}, "[" + block.type + "] ", (block.source && (block.source.media_type || block.source.type)) || "");
}
function thinking(block) {
  if (!block.thinking) return el("p", {cls: "think"}, block.type === "redacted_thinking" ? "Thinking, redacted" : "Thinking (text not returned by the API)");
  return el("details", {cls: "think"}, el("summary", null, `Thinking, ${plural((block.thinking.match(/\S+/g) || []).length, "word")}`), el("div", {cls: "said", dir: "auto"}, cutText(block.thinking)));
}
function toolCard(block, others, side, short) {
  const calls = others && others.filter(one => /tool_use$/.test(one.type)), twin = calls && calls.find(one => one.name === block.name);
  let tag = null, cls = "tool";
  if (calls && !twin) { tag = short ? "not called here by " + short : null; cls += side === "cand" ? " alone" : ""; }
  else if (twin && !same(twin.input, block.input)) { tag = "arguments differ"; cls += " differs"; }
  return el("div", {cls}, el("div", {cls: "name"}, el("span", null, block.name), el("span", null, block.type !== "tool_use" ? el("span", {cls: "mini"}, "server") : null, tag ? el("span", {cls: "mini warn"}, tag) : null)),
    lines(block.input === undefined ? {} : block.input, twin && !same(twin.input, block.input) ? twin.input : null, side));
}
function resultBody(block, others, side) {
  const content = block.content ?? "", text = Array.isArray(content) ? content.map(one => one.type === "text" ? one.text : "[" + one.type + "]").join("\n") : content;
  const twin = others && others.find(one => one.type === block.type), other = twin && (Array.isArray(twin.content) ? twin.content.map(one => one.text ?? "[" + one.type + "]").join("\n") : twin.content);
  return el("div", {cls: "tool"}, block.is_error ? el("div", {cls: "name"}, el("span", {cls: "mini"}, "is_error")) : null, lines(text, other ?? null, side));
}
const modelTag = side => el("span", {cls: "tag " + side.role}, side.short);
function messageCell(item, other, step, names) {
  const equal = other && same(item.blocks, other.blocks), side = step.side.role, others = other && !equal ? other.blocks : null;
  const who = item.result ? "Tool result" : item.role === "user" ? "User" : item.role === "assistant" ? "Assistant, given by the app" : String(item.role);
  const what = item.result ? names[item.blocks[0].tool_use_id] : null, body = item.blocks.map(block => blockCell(block, others, side, null));
  if (equal || step.plain)
    return el("div", {cls: "band"}, el("span", {cls: "who"}, who, what ? " " + what : ""), el("div", null, body));
  return el("div", {cls: "turn " + side}, el("div", {cls: "who"}, modelTag(step.side), el("b", null, who), what), body);
}
function answerCell(call, other, step, turn, equal) {
  const side = step.side.role, use = call.use, others = other && !equal ? other.say : null;
  const foreign = step.side.siblingShort, together = call.say.filter(block => block.type === "tool_use").length;
  const tokens = use.in == null && use.out == null ? "tokens unknown" : `${(use.in ?? 0).toLocaleString("en")} in · ${(use.out ?? 0).toLocaleString("en")} out`;
  return el("div", {cls: equal ? "band card-like" : "turn " + side},
    el("div", {cls: "who"}, equal ? null : modelTag(step.side), el("b", null, "Turn " + (turn + 1)), "assistant", call.in ? " · conversation " + (call.in + 1) : "",
      equal ? el("span", {cls: "mini"}, "same on both") : null, together > 1 ? el("span", {cls: "mini"}, together + " calls in parallel") : null,
      el("span", {cls: "right"}, call.s == null || equal || step.side.simulated ? "" : call.s.toFixed(2) + " s")),
    call.say.map(block => blockCell(block, others, side, foreign)),
    call.error ? el("p", {cls: "oops"}, (call.status ? "HTTP " + call.status + " " : "") + call.error) : null,
    call.cut ? el("p", {cls: "oops"}, "the stream was cut here") : null,
    el("div", {cls: "foot"}, el("span", null, call.stop || "no stop reason"), equal ? null : el("span", null, tokens),
      use.think ? el("span", null, use.think.toLocaleString("en") + " thinking") : null, use.read ? el("span", null, use.read.toLocaleString("en") + " from cache") : null,
      others && !together && !call.say.some(b => /tool_use/.test(b.type)) && different(call, other) ? el("span", null, "different text") : null));
}
function different(call, other) {
  const texts = [call, other].map(one => one.say.filter(block => block.type === "text").map(block => block.text).join(""));
  return texts[0] && texts[1] && !markedWords(texts[0], texts[1], "base");
}
function rawSide(data, side) {
  if (!side.trial || !side.trial.calls) return el("div", {cls: "gap"}, missingText([side]));
  const value = ref => (ref[0] === "common" ? data.common : data.pool)[ref[1]];
  return el("div", null, side.trial.calls.map(call => {
    const {system, tools, ...rest} = call.ask;
    const request = {...rest, ...(system ? {system: value(system)} : {}), ...(tools ? {tools: value(tools)} : {}), messages: call.all.map(n => data.pool[n])};
    const response = {model: call.model, content: call.say, stop_reason: call.stop ?? null, ...(call.error ? {error: call.error} : {})};
    return [el("h4", null, `Interaction ${call.n}, request`), el("pre", {dir: "auto", tabindex: 0}, cutText(JSON.stringify(request, null, 2))),
      el("h4", null, `Interaction ${call.n}, response`), el("pre", {dir: "auto", tabindex: 0}, cutText(JSON.stringify(response, null, 2)))];
  }));
}

// --- JSON answers -------------------------------------------------------------------------------
function jsonPart(data, pair) {
  if (!data.paths.length) return null;
  const table = el("section", {cls: "card full"}, el("h2", null, "JSON shape over all trials"), el("div", {cls: "scroll"}, el("table", null,
    el("thead", null, el("tr", null, el("th", null, "path"), data.sides.map(side => el("th", {cls: "n"}, `${side.short} · ${plural(side.trials.length, "trial")}`)))),
    el("tbody", null, data.paths.map(path => el("tr", null, el("td", null, el("code", null, path.path)), path.sides.map((text, n) => el("td", {cls: "n" + (n && path.differs ? " odd" : "")}, text))))))));
  const trials = data.sides.map((side, n) => side.trials[pair[n]]);
  if (trials.length < 2 || trials.some(trial => !trial || trial.out === undefined)) return [el("h2", {cls: "part"}, "JSON"), table];
  const [a, b] = trials.map(trial => JSON.stringify(sorted(trial.out), null, 2).split("\n"));
  if (a.length > MOST_WORDS || b.length > MOST_WORDS) return [el("h2", {cls: "part"}, "JSON"), table];
  return [el("h2", {cls: "part"}, "JSON"), table, el("div", {cls: "card jd full", role: "region", "aria-label": "JSON difference of the selected pair", tabindex: 0}, jsonLines(a, b)),
    el("p", {cls: "note"}, `Difference of trials ${pair[0] + 1} and ${pair[1] + 1}. Keys are compared without order; equal lines are folded.`)];
}
function jsonLines(a, b) {
  const own = {"-": a, "+": b, "=": b}, out = [];
  let run = [], i = 0, j = 0;
  const flush = () => {
    if (run.length > 7) out.push(...run.slice(0, 3), el("div", {cls: "fold"}, el("span"), `… ${run.length - 6} equal lines`), ...run.slice(-3)); else out.push(...run);
    run = [];
  };
  for (const [mark] of diff(a.map(bare), b.map(bare))) {
    const text = mark === "-" ? own["-"][i] : own["+"][j];
    if (mark !== "+") i++;
    if (mark !== "-") j++;
    const line = el("div", {cls: mark === "-" ? "minus" : mark === "+" ? "plus" : null}, el("span", null, mark === "=" ? "" : mark === "-" ? "−" : "+"), el("span", null, text));
    if (mark === "=") run.push(line); else { flush(); out.push(line); }
  }
  flush();
  return out;
}

// --- keys, theme, copying, printing -------------------------------------------------------------
function moveTest(step) {
  const listed = visible(), at = listed.indexOf(byTest.get(state.test)), next = listed[at + step];
  if (next) go({test: next.dataset.test, pair: ""});
}
function moveTrial(side, step) {
  if (!now || !now.data.sides[side]) return;
  const next = now.pair.slice(), of = now.data.sides[side].trials.length;
  next[side] = (next[side] + step + of) % of;
  go({pair: next.map(n => n + 1).join(".")}, true);
}
function theme() {
  const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "light" : "dark";
}
async function copy(button) {
  try { await navigator.clipboard.writeText(button.dataset.copy); button.textContent = "copied"; live.textContent = "copied"; setTimeout(() => { button.textContent = "copy"; }, 1500); }
  catch {
    const range = document.createRange();
    range.selectNodeContents($("code", button.parentNode));
    getSelection().removeAllRanges(); getSelection().addRange(range);
    live.textContent = "selected; copy it with the keyboard";
  }
}
const keys = $("#keys"), cand = () => now && now.data.sides.length > 1 ? 1 : 0;
const actions = {
  j: () => state.test ? moveTest(1) : moveRow(1), k: () => state.test ? moveTest(-1) : moveRow(-1),
  ArrowDown: event => state.test ? false : moveRow(1), ArrowUp: event => state.test ? false : moveRow(-1),
  Escape: () => state.test ? go({test: "", pair: ""}) : (state.q || state.v) ? go({q: "", v: ""}, true) : false,
  u: () => state.test && go({test: "", pair: ""}), "0": () => go({v: "", test: ""}, true),
  "/": () => { go({test: "", pair: ""}, true); const field = $("#filter"); if (field) { field.focus(); field.select(); } },
  "[": () => moveTrial(cand(), -1), "]": () => moveTrial(cand(), 1), "{": () => moveTrial(0, -1), "}": () => moveTrial(0, 1),
  d: () => state.test && go({view: state.view === "diff" ? "" : "diff"}, true), t: theme, "?": () => keys.showModal(),
  c: () => { const button = $$("[data-copy]").find(one => one.checkVisibility()); if (button) copy(button); },
};
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey || keys.open) return;
  if (event.target.closest("input, select, textarea")) {
    if (event.key === "Escape") { event.target.blur(); if (state.q) go({q: ""}, true); }
    return;
  }
  const digit = /^[1-8]$/.test(event.key) && $$(".strip button")[Number(event.key)];
  const action = digit ? () => pickKind(digit.dataset.kind) : actions[event.key];
  if (action && action(event) !== false) event.preventDefault();
});
document.addEventListener("click", event => { const button = event.target.closest("[data-copy]"); if (button) copy(button); });
$("#theme").addEventListener("click", theme);
$("#keys-open").addEventListener("click", () => keys.showModal());
addEventListener("hashchange", render);

// Printing can't wait, so what will be printed is unfolded while nothing else is to be done.
const toPrint = rows.filter(row => ["refused", "regressed", "changed", "failed"].includes(row.dataset.kind)).slice(0, 20), ready = new Map();
const idle = window.requestIdleCallback || (work => setTimeout(work, 200));
idle(async () => { for (const row of toPrint) ready.set(row, await loadTest(row)); document.documentElement.dataset.ready = ready.size; });
addEventListener("beforeprint", () => {
  if (state.test) return;
  const kept = state.view;
  state.view = "";
  add($("#print"), [...ready].map(([row, data]) => el("article", {cls: "test"}, testPage(data, row, data.pair))));
  state.view = kept;
});
addEventListener("afterprint", () => { $("#print").textContent = ""; });
render();
})();
