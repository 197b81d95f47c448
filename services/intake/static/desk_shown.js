// What a call reads as so far, as it stands: `call` is desk.js's. Never innerHTML.
"use strict";
const $ = (id) => document.getElementById(id);
const DANGER = ["", "Class 1: life at risk", "Class 2: violence threatened", "Class 3: veiled threat or stalking", "Class 4: everything else"];
const SHOWN = [["threat", "Threat"], ["happening_now", "Happening now"], ["labels", "May be"], ["repetition", "Repetition"], ["effect", "Effect"],
  ["behaviours", "Behaviours"], ["strands", "Because of"], ["flags", "Flags"], ["online", "Online"], ["impact", "Impact"], ["reported_before", "Reported before"]];
const WORDS = JSON.parse($("facts").dataset.words); // the codebook's ids in plain words

function put(parent, tag, text, name) {
  const made = parent.appendChild(document.createElement(tag));
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
}

const tell = (node, words) => { if (node.textContent !== words) node.textContent = words; }; // whoever listens is told once

const written = (value) => value === true ? "yes" : value === false ? "no" : Array.isArray(value) ? value.join(", ").replaceAll("_", " ") || "-" : String(value).replaceAll("_", " ");

function plain(fact) {
  const [id, value] = fact.split(".");
  return `${WORDS[id] || id}${value ? `: ${value.replaceAll("_", " ")}` : ""}`;
}

// Spans count characters (code points) of the whole text: `CALLER: words`, a line for each turn.
function marked(item, words, offset, evidence) {
  const chars = Array.from(words), edges = new Array(chars.length).fill(false);
  for (const e of evidence) for (let at = Math.max(0, e.start - offset); at < Math.min(chars.length, e.end - offset); at++) edges[at] = true;
  let at = 0;
  while (at < chars.length) {
    let to = at;
    while (to < chars.length && edges[to] === edges[at]) to++;
    const piece = chars.slice(at, to).join("");
    if (edges[at]) put(item, "mark", piece); else item.append(piece);
    at = to;
  }
}

const at = (start) => start == null ? "" : ` at ${Math.floor(start / 60)}:${String(Math.floor(start % 60)).padStart(2, "0")}`;

const inOrder = () => [...call.turns.keys()].sort((a, b) => a - b).map((number) => call.turns.get(number));

// Where in the recording the words of a piece of evidence are.
function heardAt(place) {
  let offset = 0;
  for (const turn of inOrder()) {
    offset += turn.speaker.length + 3 + Array.from(turn.text).length;
    if (place < offset) return at(turn.start);
  }
  return "";
}

function showTurns(evidence) {
  const list = $("turns"), follow = list.scrollTop + list.clientHeight >= list.scrollHeight - 40;
  let offset = 0;
  for (const [nth, turn] of inOrder().entries()) {
    const item = document.createElement("li"), there = list.children[nth];
    item.className = turn.speaker;
    put(item, "b", `${turn.speaker}${at(turn.start)}`);
    offset += turn.speaker.length + 2;
    marked(item, turn.text, offset, evidence);
    offset += Array.from(turn.text).length + 1;
    if (!there) list.append(item); else if (!there.isEqualNode(item)) there.replaceWith(item); // what stands is not read out again
  }
  if (follow) list.scrollTop = list.scrollHeight;
}

function showReading(standing) {
  const is = standing.established;
  $("unread").hidden = standing.read;
  $("awaiting").hidden = !standing.awaiting.length;
  tell($("awaiting"), `Not come yet: turn ${standing.awaiting.join(", ")}`);
  tell($("question"), standing.ask || (is ? "Nothing more is needed for what is established." : "What has been happening?"));
  const evidence = is ? is.evidence.filter((e) => e.start !== null) : [];
  showTurns(evidence);
  if (!is) return;
  tell($("danger"), DANGER[is.danger_class]);
  $("danger").dataset.class = is.danger_class;
  $("danger").classList.toggle("changed", standing.changed.includes("danger_class"));
  if (is.safe_contact.join("\n") !== [...$("safe-words").children].map((item) => item.textContent).join("\n")) {
    $("safe-words").replaceChildren();
    for (const words of is.safe_contact) put($("safe-words"), "li", words);
  }
  $("safe").hidden = !is.safe_contact.length;
  $("facts").replaceChildren();
  for (const [name, title] of SHOWN) {
    put($("facts"), "dt", title);
    put($("facts"), "dd", written(name === "behaviours" ? is[name].map(plain) : is[name]), standing.changed.includes(name) ? "changed" : "");
  }
  $("evidence").replaceChildren();
  for (const e of evidence) put($("evidence"), "li", `“${e.quote}”${heardAt(e.start)}: ${plain(e.fact)} (${e.rule})`);
  if (!evidence.length) put($("evidence"), "li", "Nothing in the words yet.");
}

// What is still live keeps its button and its place, and whoever is on it the focus: what is new comes last.
function showLive(calls, follow) {
  const gone = new Map([...$("live").children].map((item) => [item.dataset.call, item]));
  for (const one of [...calls].reverse()) {
    if (gone.delete(one.report_id)) continue;
    const item = put($("live"), "li"), button = put(item, "button", `Follow ${one.reference}`, "second");
    item.dataset.call = one.report_id;
    button.type = "button";
    button.onclick = () => follow(one);
  }
  for (const item of gone.values()) item.remove();
  $("none-live").hidden = calls.length > 0;
}
