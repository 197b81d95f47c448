// The desk: what is typed or pasted is sent at once; what comes back is shown by desk_shown.js. Never innerHTML.
"use strict";
const AT_ONCE = 1000, STILL_THERE = 20000; // turns in one request; milliseconds
const PATIENCE = 10000, BYTES = 50, UNSAID = 400; // milliseconds for an answer, and one more for so many bytes; until it is said that words wait
const CUT_OFF = "No connection: what is said now is not kept yet. Go on typing, and leave this tab open: it is sent again until it is kept.";
const SIGNED_OUT = "You are signed out: what is said now is not kept yet. Sign in at the desk in another tab, with the same key, and leave this one open: then it is sent.";
const WAITS = new Set([401, 408, 429, 502, 503, 504]); // sent again as it is, it may be kept
const waits = (error) => !error.status || WAITS.has(error.status);
let call = null, call_id = null, ending = null, unsent = [], keeping = null, turns = new Map(), revision = 0, read_in_time = true, who = {}, aside = [], by_hand = false, on_the_line = false, said_at = 0, sending = Promise.resolve();

async function ask(path, body, method = "POST") {
  const sent = body && JSON.stringify(body), signal = AbortSignal.timeout(PATIENCE + (sent || "").length / BYTES);
  const answer = await fetch(path, sent ? { method, headers: { "Content-Type": "application/json" }, body: sent, signal } : { signal });
  const json = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(json.detail || json.title), { status: answer.status });
  return json;
}

function trouble(error) {
  delete $("problem").dataset.lost;
  $("problem").hidden = !error;
  $("problem").textContent = error ? `Not kept: ${error.message}. ${$("words").value.trim() ? "The words are still in the box; try" : "Try"} again.` : "";
}

function lost(error) {
  $("problem").hidden = false;
  $("problem").dataset.lost = "yes";
  tell($("problem"), error.status === 401 ? SIGNED_OUT : CUT_OFF);
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

// A line typed is one turn, whole, unless it is named for one who speaks in this call: `He is shouting: …` is nobody's name.
function manyTurns(text) {
  const name = text.split(":", 1)[0].trim();
  return text.trim().includes("\n") || /^\s*(\{|\[\s*[\[{])/.test(text)
    || (text.includes(":") && (/^(caller|operator|background)$/i.test(name) || Object.hasOwn(who, name)));
}

// What was pasted is read by the same reader as files. Who is who in it is asked for, and never guessed.
async function read(said) {
  const { text, speaker } = said, whole = [{ speaker, text }];
  if (said.whole || !manyTurns(text)) return whole;
  const found = await ask("/v1/transcripts/read", { text, speakers: who });
  const asked = Object.keys(found.ask);
  if (asked.length && said.by_hand) return whole;
  if (asked.length === 1 && asked[0] === "") return (await ask("/v1/transcripts/read", { text, speakers: { ...who, "": speaker } })).turns;
  if (asked.length) askWho(said, found.ask);
  $("noted").hidden = !found.notes.length;
  $("noted").textContent = found.notes.join("; ");
  return found.turns;
}

// It waits aside, out of the box and in nobody's way: what is said meanwhile is kept, and the focus stays where it is.
function askWho(said, names) {
  aside.push(said);
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
  const words = aside.map(({ text }) => text).join(" / ");
  $("names-of").textContent = `Not kept until you say: “${words.slice(0, 200)}${words.length > 200 ? "…" : ""}”`;
  $("names-whole").textContent = `Keep it as one turn of the ${said.speaker}`;
  $("names").hidden = false;
}

async function keepNamed() {
  for (const one of $("names-asked").children) {
    const said = one.querySelector(":checked");
    if (!said) { one.querySelector("input").focus(); return; }
    who[one.dataset.name] = said.value;
  }
  await send(leaveNames());
}

function leaveNames() {
  const left = aside;
  aside = [];
  $("names").hidden = true;
  $("words").focus();
  return left;
}

// Out of the box words wait in `unsent` until they are kept. Each turn has an id: sent again, it is the same turn.
function say() {
  const text = $("words").value;
  if (!text.trim()) return Promise.resolve();
  $("words").value = "";
  const said = { text, speaker: chosen(), by_hand };
  by_hand = false;
  return send([said]);
}

function send(said) {
  unsent.push(...said.map((one) => ({ ...one, turns: null })));
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
      if (waits(error)) throw error;
      inTheBox(unsent[0].text);
      trouble(error);
    }
    unsent.shift();
    showUnsent();
  }
}

// Whether it is kept, or waits aside until it is said who is who; otherwise there is nothing in it.
async function kept(said) {
  said.turns ||= (await read(said)).map((turn) => ({ ...turn, id: crypto.randomUUID() }));
  if (!said.turns.length) return aside.includes(said);
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
  return [unkept.size && "what is known of it", unsent.length && "the words being sent", ending && "its end",
    aside.length && "the words of which it is asked who is who", $("words").value.trim() && "the words in the box"]
    .filter(Boolean).join(" and ");
}

const mayLeave = () => !notKept() || confirm(`Not kept with this call: ${notKept()}. Cancel to stay and have it kept; another tab takes the next call. OK throws it away.`);
const leave = (next) => inTurn(async () => { if (mayLeave()) await next(); });

const inTurn = (work) => { sending = sending.then(work, work); return sending; };

function fresh() {
  call = call_id = ending = null; unsent = []; turns = new Map(); revision = 0; read_in_time = true; who = {}; by_hand = on_the_line = false;
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

function ended(state) {
  ending = state;
  return inTurn(end).catch(lost); // `look` tries again
}

async function end() {
  if (!ending) return;
  try {
    await keepUnsent();
    show(await ask(`/v1/calls/${call.report_id}/end`, { state: ending }));
    trouble(null);
  } catch (error) {
    if (waits(error)) throw error;
    trouble(error);
  }
  ending = null;
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
    showLive((await ask("/v1/calls")).calls, (one) => leave(() => follow(one)));
    if (call && !document.hidden) await lookAt(call);
    if (unkept.size) await inTurn(keepAbout);
    if (unsent.length) await keep();
    if (ending) await inTurn(end);
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
  if (event.key !== "Enter" || event.isComposing) return;
  if (event.shiftKey) by_hand = true; else { event.preventDefault(); say(); }
});
$("words").addEventListener("paste", () => { by_hand = false; });
$("names-keep").onclick = keepNamed;
$("names-whole").onclick = () => send(leaveNames().map((said) => ({ ...said, whole: true })));
$("names-leave").onclick = () => leaveNames().reverse().forEach(({ text }) => inTheBox(text));
$("end").onclick = () => ended("ended");
$("dropped").onclick = () => ended("dropped");
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
