"use strict";
const SHOWN = 200;
const byId = (id) => document.getElementById(id);
const chunks = new Map();
let entries = [];
let order = [];
let opened;

// Packed text of a script element: base64 of gzip of JSON.
async function unpack(id) {
  const text = atob(byId(id).textContent);
  const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

function chunk(number) {
  if (!chunks.has(number)) chunks.set(number, unpack(`chunk-${number}`));
  return chunks.get(number);
}

// An element with attributes and children; text is never read as HTML.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function list() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = order.filter((at) => words.every((word) => entries[at].text.includes(word)));
  const more = matches.length > SHOWN ? `, the first ${SHOWN} are shown` : "";
  byId("found").textContent = `${matches.length} of ${entries.length} records${more}`;
  byId("list").replaceChildren(...matches.slice(0, SHOWN).map((at) => {
    const button = make("button", { type: "button", "data-at": at },
      make("b", {}, entries[at].id.split(":").pop()), make("small", {}, entries[at].s.replace(/\s+/g, " ")));
    return make("li", {}, button);
  }));
}

function sort() {
  const key = byId("order").value;
  order = entries.map((_, at) => at);
  const value = (at) => entries[at][key] ?? Infinity;
  if (key === "d") order.sort((a, b) => (entries[b].d ?? -1) - (entries[a].d ?? -1));
  else if (key) order.sort((a, b) => value(a) - value(b));
  list();
}

// Text in which the last component of each premise, and its whole name, can be hovered.
function withPremises(text, premises) {
  const parts = text.split(/([\p{L}_][\p{L}\p{N}_'.]*[\p{L}\p{N}_']|[\p{L}_])/u);
  return parts.map((part, at) => {
    const premise = at % 2 && premises.find(([name]) => name === part || name.endsWith(`.${part}`));
    return premise ? make("span", { "data-tip": `${premise[0]} : ${premise[1]}`, tabindex: 0 }, part) : part;
  });
}

function chips(title, items) {
  if (!items.length) return [];
  const chip = ([label, tip]) => make("code", tip ? { "data-tip": tip, tabindex: 0 } : {}, label);
  return [make("h3", {}, title), make("div", { class: "chips" }, ...items.map(chip))];
}

function steps(record) {
  const state = (text) => make("pre", {}, text);
  return [make("h3", {}, "Proof"), state(record.start), ...record.steps.map((step) =>
    make("div", { class: "step" }, make("code", {}, ...withPremises(step.text, record.premises)), state(step.after))),
    make("code", {}, record.closing)];
}

// The text with what the score does not get to see marked.
function masked(reasoning) {
  const children = [];
  let end = 0;
  for (const [from, to] of reasoning.hidden) {
    children.push(reasoning.text.slice(end, from),
      make("span", { class: "mask", title: "masked for the score" }, reasoning.text.slice(from, to)));
    end = to;
  }
  return make("pre", {}, ...children, reasoning.text.slice(end));
}

function reasonings(record) {
  return record.reasonings.map((reasoning) => {
    const kept = reasoning.index === record.kept ? ", kept" : "";
    const verdict = reasoning.verdict ? (reasoning.verdict[0] ? ", accepted" : ", refused") : "";
    const said = reasoning.verdict ? [make("p", { class: "note" }, reasoning.verdict[1])] : [];
    const details = make("details", {}, make("summary", {},
      `Reasoning ${reasoning.index + 1} of ${reasoning.model}${verdict}${kept}`), ...said, masked(reasoning),
      make("h3", {}, "Answer"), make("pre", {}, reasoning.answer));
    details.open = reasoning.index === record.kept;
    return details;
  });
}

function scores(record) {
  if (!record.scores.length) return [];
  const rows = record.scores.map((score) => {
    const bars = score.values.map((value) => make("i", { style: `width:${value ?? 0}%` }));
    const name = score.index === null ? `baseline ${score.variant}` : `${score.index + 1} ${score.variant}`;
    const numbers = score.values.map((value) => (value === null ? "–" : value.toFixed(0))).join(" ");
    return make("div", { class: "score" }, make("span", {}, name), make("span", {}, ...bars),
      make("span", { class: "number" }, numbers));
  });
  const keys = ["mean", "decision", "completion"].map((name, at) =>
    make("span", {}, make("span", { class: `key series-${at}` }), name));
  return [make("h3", {}, "Scores"), make("p", { class: "legend" }, ...keys), ...rows];
}

// Whether the record stands below the list and not beside it.
const isNarrow = () => matchMedia("(max-width: 50rem)").matches;

async function open(at) {
  opened = at;
  for (const button of document.querySelectorAll("#list button")) {
    button.setAttribute("aria-current", button.dataset.at === String(at));
  }
  history.replaceState(null, "", `#${new URLSearchParams({ id: entries[at].id })}`);
  const record = (await chunk(Math.floor(at / CHUNK_SIZE)))[at % CHUNK_SIZE];
  // Another record may have been opened while this one was unpacked.
  if (opened !== at) return;
  const entry = entries[at];
  byId("record").replaceChildren(
    make("h3", {}, entry.id),
    make("p", { class: "note" }, `${record.kind} in ${record.file}, line ${record.line}; ${entry.n} tactics` +
      (entry.t == null ? "" : `, proof term of ${entry.t} tokens`)),
    ...(record.context.length ? [make("pre", {}, record.context.join("\n"))] : []),
    make("pre", {}, ...withPremises(entry.s, record.premises)),
    ...chips("Premises", record.premises.map(([name, type, kind]) => [name, `${kind}: ${type}`])),
    ...chips("Notations", record.notations.map(([text, definition, scope]) => [text, `${definition}${scope ? ` (${scope})` : ""}`])),
    ...chips("Axioms", record.axioms.map((axiom) => [axiom, ""])),
    ...scores(record), ...reasonings(record), ...steps(record),
    make("h3", {}, "Type"), make("pre", {}, record.statement_type),
    make("h3", {}, "Proof term"), make("pre", {}, record.term));
  if (isNarrow()) byId("record").scrollIntoView();
}

function tip(event) {
  const target = event.target.closest?.("[data-tip]");
  const box = byId("tip");
  box.hidden = !target;
  if (!target) return;
  target.setAttribute("aria-describedby", "tip");
  box.textContent = target.dataset.tip;
  const place = target.getBoundingClientRect();
  box.style.left = `${Math.max(8, Math.min(place.left, innerWidth - box.offsetWidth - 8)) + scrollX}px`;
  box.style.top = `${place.bottom + 4 + scrollY}px`;
}

byId("list").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) open(Number(button.dataset.at));
});
for (const kind of ["mouseover", "focusin"]) document.addEventListener(kind, tip);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") byId("tip").hidden = true; });
byId("order").addEventListener("change", sort);
let waiting;
byId("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(list, 80); });
document.addEventListener("DOMContentLoaded", async () => {
  entries = await unpack("index");
  for (const entry of entries) entry.text = `${entry.id}\n${entry.s}\n${entry.p}`.toLowerCase();
  byId("search").disabled = false;
  // A link can name what to search for and which record to open: `#q=addn&id=mathcomp.ssreflect.ssrnat:addnC`.
  const link = new URLSearchParams(location.hash.slice(1));
  byId("search").value = link.get("q") ?? "";
  sort();
  const at = entries.findIndex((entry) => entry.id === link.get("id"));
  if (at >= 0) {
    await open(at);
    if (!isNarrow()) byId("records").scrollIntoView();
  }
});
