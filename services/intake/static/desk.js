// The desk: what is typed or pasted is sent at once; what comes back is shown by desk_shown.js. Never innerHTML.
"use strict";
const AT_ONCE = 1000, STILL_THERE = 20000; // turns in one request; milliseconds
const PATIENCE = 10000, BYTES = 50, UNSAID = 400; // milliseconds for an answer, and one more for so many bytes; until it is said that words wait
const CUT_OFF = "No connection: what is said now is not kept yet. Go on typing, and leave this tab open: it is sent again until it is kept.";
const SIGNED_OUT = "You are signed out: what is said now is not kept yet. Sign in at the desk in another tab, with the same key, and leave this one open: then it is sent.";
const ERASED = "This call is here no more: it may have been erased.";
const WAITS = new Set([401, 408, 429, 502, 503, 504]); // sent again as it is, it may be kept
const waits = (error) => !error.status || WAITS.has(error.status);

// What is typed for a call waits in it until it is kept, whichever call is on the screen by then.
const newCall = (report_id) => ({ report_id, call_id: `desk-${crypto.randomUUID()}`, unsent: [], unkept: new Map(), ending: null, keeping: null,
  aside: [], who: {}, turns: new Map(), revision: 0, read_in_time: true, on_the_line: false, said_at: 0 });
const isKept = (one) => !one.unsent.length && !one.unkept.size && !one.ending;
let call = newCall(), left = [], by_hand = false, sending = Promise.resolve();

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

// What was refused goes back to whoever typed it: into the box, or beside the call that they have by now.
function refused(to, error, text) {
  if (to === call) {
    if (text) inTheBox(text);
    trouble(error);
    return;
  }
  put($("before-words"), "li", [error?.message, text && `“${text}”`].filter(Boolean).join(": "));
  $("before").hidden = false;
}

function show(to, standing) {
  if (standing.revision < to.revision) return;
  to.revision = standing.revision;
  to.read_in_time = standing.read;
  to.on_the_line = standing.state === "live";
  to.said_at = Date.now();
  for (const turn of standing.turns) to.turns.set(turn.number, turn);
  if (to !== call) return;
  $("call-title").textContent = `Call ${standing.reference}`;
  $("state").hidden = false;
  $("state").textContent = { live: "live", ended: "ended", dropped: "line dead" }[standing.state];
  $("end").disabled = $("dropped").disabled = !to.on_the_line;
  if (standing.about) showAbout(standing.about);
  showReading(standing);
}

const opened = async (to) => to.report_id ||= (await ask("/v1/calls", { call_id: to.call_id })).report_id; // asked again, it is the same call

// What is known beside the words: kept as each field is left, and again until it is.
const ABOUT = { line: (line) => ({ line }), phone: (phone) => ({ contact: { phone } }), postcode: (postcode) => ({ place: { postcode } }),
  where: (words) => ({ place: { words } }) };

async function keepAbout(to) {
  for (const [name, value] of [...to.unkept]) {
    let words = "Kept with the call.";
    try {
      show(to, await ask(`/v1/calls/${await opened(to)}`, ABOUT[name](value), "PATCH"));
    } catch (error) {
      if (waits(error)) throw error;
      refused(to, error, "");
      words = `Not kept: ${error.message}.`;
    }
    if (to.unkept.get(name) === value) to.unkept.delete(name);
    if (to === call) $("about-kept").textContent = words;
  }
}

function learn(field) {
  call.unkept.set(field.name, field.value.trim() || null);
  $("about-kept").textContent = "Not kept yet: it is tried until it is.";
  keep(call);
}

function showAbout({ line, contact, place }) {
  const known = { line, phone: contact?.phone, postcode: place.postcode, where: place.words };
  for (const field of $("about").querySelectorAll("input")) {
    if (call.unkept.has(field.name) || field === document.activeElement) continue;
    if (field.type === "radio") field.checked = field.value === known[field.name]; else field.value = known[field.name] || "";
  }
}

// Out of the box words wait in `unsent` until they are kept. Each turn has an id: sent again, it is the same turn.
function say() {
  const text = $("words").value;
  if (!text.trim()) return;
  $("words").value = "";
  send([{ text, speaker: chosen(), by_hand }]);
  by_hand = false;
}

function send(said) {
  call.unsent.push(...said.map((one) => ({ ...one, turns: null })));
  setTimeout(showUnsent, UNSAID);
  keep(call);
}

function showUnsent() {
  const unsent = [...left, call].flatMap((one) => one.unsent);
  $("unsent").hidden = !unsent.length;
  $("unsent-words").replaceChildren();
  for (const { text } of unsent) put($("unsent-words"), "li", text);
}

async function keepUnsent(to) {
  while (to.unsent.length) {
    const [said] = to.unsent;
    try {
      if (!await kept(said, to)) refused(to, null, said.text);
      else if (to === call) trouble(null);
    } catch (error) {
      if (waits(error)) throw error;
      refused(to, error, said.text);
    }
    to.unsent.shift();
    showUnsent();
  }
}

// Whether it is kept, or waits aside until it is said who is who; otherwise there is nothing in it.
async function kept(said, to) {
  said.turns ||= (await read(said, to)).map((turn) => ({ ...turn, id: crypto.randomUUID() }));
  if (!said.turns.length) return to.aside.includes(said);
  while (said.turns.length) {
    const standing = await ask(`/v1/calls/${await opened(to)}/turns`, { turns: said.turns.slice(0, AT_ONCE) });
    said.turns.splice(0, AT_ONCE);
    said.text = said.turns.map((turn) => `${turn.speaker.toUpperCase()}: ${turn.text}`).join("\n");
    show(to, standing);
  }
  return true;
}

async function keepEnd(to) {
  if (!to.ending) return;
  try {
    show(to, await ask(`/v1/calls/${to.report_id}/end`, { state: to.ending }));
    if (to === call) trouble(null);
  } catch (error) {
    if (waits(error)) throw error;
    refused(to, error, "");
  }
  to.ending = null;
}

async function keepAll(to) {
  while (!isKept(to)) for (const part of [keepUnsent, keepAbout, keepEnd]) await part(to);
  left = left.filter((one) => one !== to);
}

const inTurn = (work) => { sending = sending.then(work, work); return sending; };

// Whether all of it is; where it is not, `look` tries again.
const keep = (to) => to.keeping ||= inTurn(() => keepAll(to)).then(() => true, (error) => { lost(error); return false; })
  .finally(() => { to.keeping = null; });

function ended(state) {
  call.ending = state;
  keep(call);
}

function inTheBox(text) { $("words").value = $("words").value ? `${text}\n${$("words").value}` : text; }

// What no waiting would keep is asked about at once; what is on its way goes with the call that it is of.
function typed() {
  return [call.aside.length && "the words of which it is asked who is who", $("words").value.trim() && "the words in the box"].filter(Boolean).join(" and ");
}

function leave(next) {
  if (!typed() || confirm(`Not kept with this call: ${typed()}. Cancel to stay and keep it. OK throws it away.`)) next();
}

const notKept = () => Boolean(typed()) || [...left, call].some((one) => !isKept(one));

function fresh(report_id) {
  if (!isKept(call)) left.push(call);
  call = newCall(report_id);
  by_hand = false;
  leaveNames();
  showUnsent();
  trouble(null);
  $("words").value = "";
  $("about").reset();
  $("about-kept").textContent = "Each is kept as you leave it.";
  $("call-title").textContent = "No call yet";
  $("state").hidden = $("safe").hidden = $("unread").hidden = $("awaiting").hidden = $("noted").hidden = true;
  $("end").disabled = $("dropped").disabled = true;
  $("danger").textContent = "Nothing is read yet";
  delete $("danger").dataset.class;
  $("question").textContent = "What has been happening?";
  for (const id of ["turns", "safe-words", "facts", "evidence"]) $(id).replaceChildren();
  writable(true);
  $("words").focus();
}

// A call that a telephone system writes is followed and not written: two hands would overwrite each other's turns.
function writable(yes) {
  $("words").disabled = $("keep").disabled = !yes;
  $("followed").hidden = yes;
  $("turns").ariaLive = yes ? "off" : "polite";
}

async function follow({ report_id, call_id }) {
  fresh(report_id);
  writable(call_id.startsWith("desk-"));
  const one = call;
  try { show(one, await ask(`/v1/calls/${report_id}`)); } catch (error) { trouble(error); }
}

async function lookAt(one) {
  try {
    const now = await ask(`/v1/calls/${one.report_id}`);
    if (call === one && (now.revision > one.revision || (now.read && !one.read_in_time))) show(one, now);
  } catch (error) {
    if (error.status !== 404 || call !== one) throw error;
    leaveNames().reverse().forEach(({ text }) => inTheBox(text));
    const words = $("words").value;
    fresh();
    $("words").value = words;
    $("problem").hidden = false;
    $("problem").textContent = ERASED;
  }
}

async function look() {
  let well = true;
  for (const one of [...left, call]) if (!isKept(one)) well = await keep(one) && well;
  try {
    showLive((await ask("/v1/calls")).calls, (one) => leave(() => follow(one)));
    if (call.report_id && !document.hidden) await lookAt(call);
    if (call.on_the_line && !$("words").disabled && Date.now() - call.said_at > STILL_THERE) await inTurn(() => stillThere(call));
    if (well && $("problem").dataset.lost) trouble(null);
  } catch (error) {
    lost(error);
  }
}

const stillThere = async (to) => show(to, await ask(`/v1/calls/${to.report_id}/turns`, { turns: [] }));

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
$("before-read").onclick = () => { $("before").hidden = true; $("before-words").replaceChildren(); };
$("end").onclick = () => ended("ended");
$("dropped").onclick = () => ended("dropped");
$("new").onclick = () => leave(() => fresh());
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
$("typing").disabled = false;
$("unloaded").hidden = true;
$("words").focus();
