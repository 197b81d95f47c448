// The desk: what is typed or pasted is sent at once; what comes back is shown as it stands. Never innerHTML.
"use strict";
const $ = (id) => document.getElementById(id);
const DANGER = ["", "Class 1: life at risk", "Class 2: violence threatened", "Class 3: veiled threat or stalking", "Class 4: everything else"];
const SHOWN = [["threat", "Threat"], ["happening_now", "Happening now"], ["labels", "May be"], ["repetition", "Repetition"], ["effect", "Effect"],
  ["behaviours", "Behaviours"], ["strands", "Because of"], ["flags", "Flags"], ["online", "Online"], ["impact", "Impact"], ["reported_before", "Reported before"]];
const AT_ONCE = 1000, STILL_THERE = 20000; // turns in one request; milliseconds
const PATIENCE = 10000, BYTES = 50, UNSAID = 400; // milliseconds for an answer, and one more for so many bytes; until it is said that words wait
const WORDS = JSON.parse($("facts").dataset.words); // the codebook's ids in plain words
const CUT_OFF = "No connection: what is said now is not kept yet. Go on typing, and leave this tab open: it is sent again until it is kept.";
const SIGNED_OUT = "You are signed out: what is said now is not kept yet. Sign in at the desk in another tab, with the same key, and leave this one open: then it is sent.";
const WAITS = new Set([401, 408, 429, 502, 503, 504]); // sent again as it is, it may be kept
let call = null, call_id = null, unsent = [], keeping = null, turns = new Map(), revision = 0, read_in_time = true, who = {}, on_the_line = false, said_at = 0, sending = Promise.resolve();

async function ask(path, body, method = "POST") {
  const sent = body && JSON.stringify(body), signal = AbortSignal.timeout(PATIENCE + (sent || "").length / BYTES);
  const answer = await fetch(path, sent ? { method, headers: { "Content-Type": "application/json" }, body: sent, signal } : { signal });
  const json = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(json.detail || json.title), { status: answer.status });
  return json;
}

function put(parent, tag, text, name) {
  const made = parent.appendChild(document.createElement(tag));
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
}

function trouble(error) {
  delete $("problem").dataset.lost;
  $("problem").hidden = !error;
  $("problem").textContent = error ? `Not kept: ${error.message}. ${$("words").value.trim() ? "The words are still in the box; try" : "Try"} again.` : "";
}

function lost(error) {
  $("problem").hidden = false;
  $("problem").dataset.lost = "yes";
  $("problem").textContent = error.status === 401 ? SIGNED_OUT : CUT_OFF;
}

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

// Where in the recording the words of a piece of evidence are.
function heardAt(place) {
  let offset = 0;
  for (const number of [...turns.keys()].sort((a, b) => a - b)) {
    const turn = turns.get(number);
    offset += turn.speaker.length + 3 + Array.from(turn.text).length;
    if (place < offset) return at(turn.start);
  }
  return "";
}

function showTurns(evidence) {
  const list = $("turns"), follow = list.scrollTop + list.clientHeight >= list.scrollHeight - 40;
  list.replaceChildren();
  let offset = 0;
  for (const number of [...turns.keys()].sort((a, b) => a - b)) {
    const turn = turns.get(number), item = put(list, "li", undefined, turn.speaker);
    put(item, "b", `${turn.speaker}${at(turn.start)}`);
    offset += turn.speaker.length + 2;
    marked(item, turn.text, offset, evidence);
    offset += Array.from(turn.text).length + 1;
  }
  if (follow) list.scrollTop = list.scrollHeight;
}

function showReading(standing) {
  const is = standing.established;
  $("unread").hidden = standing.read;
  $("awaiting").hidden = !standing.awaiting.length;
  $("awaiting").textContent = `Not come yet: turn ${standing.awaiting.join(", ")}`;
  $("question").textContent = standing.ask || (is ? "Nothing more is needed for what is established." : "What has been happening?");
  const evidence = is ? is.evidence.filter((e) => e.start !== null) : [];
  showTurns(evidence);
  if (!is) return;
  $("danger").textContent = DANGER[is.danger_class];
  $("danger").dataset.class = is.danger_class;
  $("danger").classList.toggle("changed", standing.changed.includes("danger_class"));
  $("safe").hidden = !is.safe_contact.length;
  $("safe-words").replaceChildren();
  for (const words of is.safe_contact) put($("safe-words"), "li", words);
  $("facts").replaceChildren();
  for (const [name, title] of SHOWN) {
    put($("facts"), "dt", title);
    put($("facts"), "dd", written(name === "behaviours" ? is[name].map(plain) : is[name]), standing.changed.includes(name) ? "changed" : "");
  }
  $("evidence").replaceChildren();
  for (const e of evidence) put($("evidence"), "li", `“${e.quote}”${heardAt(e.start)}: ${plain(e.fact)} (${e.rule})`);
  if (!evidence.length) put($("evidence"), "li", "Nothing in the words yet.");
}

function show(standing) {
  if (standing.revision < revision) return;
  revision = standing.revision;
  read_in_time = standing.read;
  on_the_line = standing.state === "live";
  said_at = Date.now();
  $("call-title").textContent = `Call ${standing.reference}`;
  $("state").hidden = false;
  $("state").textContent = { live: "live", ended: "ended", dropped: "line dead" }[standing.state];
  $("end").disabled = $("dropped").disabled = standing.state !== "live";
  if (standing.about) showAbout(standing.about);
  for (const turn of standing.turns) turns.set(turn.number, turn);
  showReading(standing);
}

async function opened() {
  if (call) return call;
  call_id ||= `desk-${crypto.randomUUID()}`; // asked again after its answer was lost, it is the same call
  call = await ask("/v1/calls", { call_id });
  return call;
}

// What is known beside the words: kept as each field is left, and again until it is.
const ABOUT = { line: (line) => ({ line }), phone: (phone) => ({ contact: { phone } }), postcode: (postcode) => ({ place: { postcode } }),
  where: (words) => ({ place: { words } }) };
const unkept = new Map();

async function keepAbout() {
  const to = await opened();
  for (const [name, value] of [...unkept]) {
    show(await ask(`/v1/calls/${to.report_id}`, ABOUT[name](value), "PATCH"));
    if (unkept.get(name) === value) unkept.delete(name);
  }
  $("about-kept").textContent = "Kept with the call.";
}

function learn(field) {
  unkept.set(field.name, field.value.trim() || null);
  $("about-kept").textContent = "Not kept yet: it is tried until it is.";
  inTurn(keepAbout).catch(() => {}); // `look` tries again
}

function showAbout({ line, contact, place }) {
  const known = { line, phone: contact?.phone, postcode: place.postcode, where: place.words };
  for (const field of $("about").querySelectorAll("input")) {
    if (unkept.has(field.name) || field === document.activeElement) continue;
    if (field.type === "radio") field.checked = field.value === known[field.name]; else field.value = known[field.name] || "";
  }
}

const chosen = () => document.querySelector("[name=speaker]:checked").value;

// What was pasted is read by the same reader as files. Who is who is asked for, and never guessed.
async function read({ text, speaker }) {
  if (!/\n|^\s*[\[{]|^\s*\S[^:]{0,38}:\s/.test(text)) return [{ speaker, text }];
  const found = await ask("/v1/transcripts/read", { text, speakers: who });
  const asked = Object.keys(found.ask);
  if (asked.length === 1 && asked[0] === "") return (await ask("/v1/transcripts/read", { text, speakers: { ...who, "": speaker } })).turns;
  if (asked.length) askWho(found.ask);
  $("noted").hidden = !found.notes.length;
  $("noted").textContent = found.notes.join("; ");
  return found.turns;
}

function askWho(names) {
  $("names-asked").replaceChildren();
  for (const [number, [name, times]] of Object.entries(names).entries()) {
    const one = put($("names-asked"), "fieldset", undefined, "who");
    one.dataset.name = name;
    put(one, "legend", `${name || "Nobody named"}, ${times} ${times === 1 ? "turn" : "turns"}`);
    for (const role of ["caller", "operator", "background"]) {
      const label = put(one, "label"), radio = put(label, "input");
      radio.type = "radio"; radio.name = `name-${number}`; radio.value = role; radio.required = true;
      label.append(` ${role[0].toUpperCase()}${role.slice(1)}`);
    }
  }
  $("names").hidden = false;
  $("names").querySelector("input").focus();
}

async function keepNamed() {
  for (const one of $("names-asked").children) {
    const said = one.querySelector(":checked");
    if (!said) { one.querySelector("input").focus(); return; }
    who[one.dataset.name] = said.value;
  }
  leaveNames();
  await say();
}

function leaveNames() { $("names").hidden = true; $("names-asked").replaceChildren(); $("words").focus(); }

// Out of the box words wait in `unsent` until they are kept. Each turn has an id: sent again, it is the same turn.
function say() {
  const text = $("words").value;
  if (!text.trim()) return Promise.resolve();
  $("words").value = "";
  unsent.push({ text, speaker: chosen(), turns: null });
  setTimeout(showUnsent, UNSAID);
  return keep().catch(lost);
}

function showUnsent() {
  $("unsent").hidden = !unsent.length;
  $("unsent-words").replaceChildren();
  for (const { text } of unsent) put($("unsent-words"), "li", text);
}

const keep = () => keeping ||= inTurn(keepUnsent).finally(() => { keeping = null; });

async function keepUnsent() {
  while (unsent.length) {
    try {
      if (!await kept(unsent[0])) inTheBox(unsent[0].text);
      trouble(null);
    } catch (error) {
      if (!error.status || WAITS.has(error.status)) throw error;
      inTheBox(unsent[0].text);
      trouble(error);
    }
    unsent.shift();
    showUnsent();
  }
}

// Whether it is kept; otherwise it is to be said who is who, or there is nothing in it.
async function kept(said) {
  said.turns ||= (await read(said)).map((turn) => ({ ...turn, id: crypto.randomUUID() }));
  if (!said.turns.length) return false;
  const to = await opened();
  while (said.turns.length) {
    const standing = await ask(`/v1/calls/${to.report_id}/turns`, { turns: said.turns.slice(0, AT_ONCE) });
    said.turns.splice(0, AT_ONCE);
    said.text = said.turns.map((turn) => `${turn.speaker.toUpperCase()}: ${turn.text}`).join("\n");
    show(standing);
  }
  return true;
}

function inTheBox(text) { $("words").value = $("words").value ? `${text}\n${$("words").value}` : text; }

// What is typed and not kept with the call that is left would be lost, or kept with the next one.
function notKept() {
  return [unkept.size && "what is known of it", unsent.length && "the words being sent", $("words").value.trim() && "the words in the box"].filter(Boolean).join(" and ");
}

const mayLeave = () => !notKept() || confirm(`Not kept with this call: ${notKept()}. Cancel to stay and have it kept; another tab takes the next call. OK throws it away.`);
const leave = (next) => inTurn(async () => { if (mayLeave()) await next(); });

const inTurn = (work) => { sending = sending.then(work, work); return sending; };

function fresh() {
  call = call_id = null; unsent = []; turns = new Map(); revision = 0; read_in_time = true; who = {}; on_the_line = false;
  leaveNames();
  showUnsent();
  unkept.clear();
  $("words").value = "";
  $("about").reset();
  $("about-kept").textContent = "Each is kept as you leave it.";
  $("call-title").textContent = "No call yet";
  $("state").hidden = $("safe").hidden = $("unread").hidden = $("awaiting").hidden = $("noted").hidden = true;
  $("end").disabled = $("dropped").disabled = true;
  $("danger").textContent = "Nothing is read yet";
  delete $("danger").dataset.class;
  $("question").textContent = "What has been happening?";
  for (const id of ["turns", "facts", "evidence"]) $(id).replaceChildren();
  writable(true);
  $("words").focus();
}

async function ended(state) {
  try { await keepUnsent(); show(await ask(`/v1/calls/${call.report_id}/end`, { state })); trouble(null); } catch (error) { trouble(error); }
}

// A call that a telephone system writes is followed and not written: two hands would overwrite each other's turns.
function writable(yes) { $("words").disabled = $("keep").disabled = !yes; $("followed").hidden = yes; }

async function follow({ report_id, call_id }) {
  fresh();
  call = { report_id };
  writable(call_id.startsWith("desk-"));
  try { show(await ask(`/v1/calls/${report_id}`)); } catch (error) { trouble(error); }
}

async function lookAt(one) {
  const now = await ask(`/v1/calls/${one.report_id}`);
  if (call === one && (now.revision > revision || (now.read && !read_in_time))) show(now);
}

async function look() {
  try {
    const live = (await ask("/v1/calls")).calls;
    $("live").replaceChildren();
    for (const one of live) {
      const button = put(put($("live"), "li"), "button", `Follow ${one.reference}`, "second");
      button.type = "button";
      button.onclick = () => leave(() => follow(one));
    }
    if (!live.length) put($("live"), "li", "None", "quiet");
    if (call && !document.hidden) await lookAt(call);
    if (unkept.size) await inTurn(keepAbout);
    if (unsent.length) await keep();
    if (on_the_line && !$("words").disabled && Date.now() - said_at > STILL_THERE) await inTurn(async () => show(await ask(`/v1/calls/${call.report_id}/turns`, { turns: [] })));
    if ($("problem").dataset.lost) trouble(null);
  } catch (error) {
    lost(error);
  }
}

$("about").addEventListener("change", (event) => learn(event.target));
$("about").addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); $("words").focus(); } });
$("say").addEventListener("submit", (event) => { event.preventDefault(); say(); });
$("words").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); say(); }
});
$("names-keep").onclick = keepNamed;
$("names-leave").onclick = leaveNames;
$("end").onclick = () => inTurn(() => ended("ended"));
$("dropped").onclick = () => inTurn(() => ended("dropped"));
$("new").onclick = () => leave(fresh);
document.addEventListener("keydown", (event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey) return;
  const speaker = { KeyC: "caller", KeyO: "operator", KeyB: "background" }[event.code];
  if (event.code === "KeyA") { $("about").querySelector("[name=phone]").focus(); event.preventDefault(); }
  const button = { KeyE: "end", KeyD: "dropped", KeyN: "new" }[event.code];
  if (speaker) { document.querySelector(`[value=${speaker}]`).checked = true; $("words").focus(); event.preventDefault(); }
  if (button && !$(button).disabled) { document.activeElement.blur(); $(button).click(); $("words").focus(); event.preventDefault(); }
});
window.addEventListener("beforeunload", (event) => { if (notKept()) event.preventDefault(); });
(async function watch() { await look(); setTimeout(watch, 1000); })(); // the next after the last: slow answers do not pile up
$("words").focus();
