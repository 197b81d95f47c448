/* What a case does wherever it is shown, on the board or on a page of its own: its forms, its keys, and what went wrong. */
"use strict";
const casePane = document.getElementById("case");
const openCase = () => casePane.querySelector("[data-case]");
const openDialog = () => document.querySelector("dialog[open]");
const isAgain = (event) => event.detail.pathInfo.requestPath.includes("again=true");
const isOfOpenCase = (event) => event.detail.pathInfo.requestPath.includes(`/${openCase()?.dataset.case}?`);

/* ---- its forms ---- */
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) show(opener.dataset.dialog);
  if (event.target.closest("[data-leave]")) event.target.closest("dialog").close();
});
function show(name) {
  const dialog = document.getElementById("d-" + name);
  if (!dialog || dialog.open) return;
  dialog.showModal();
  const field = dialog.querySelector("textarea, select, input:not([type=hidden])");
  if (field) field.focus();
}
const fields = () => [...casePane.querySelectorAll("dialog :is(textarea, select, input:not([type=hidden]))")];
const isWritten = (field) => field.type === "checkbox" ? field.checked : field.value !== "";
const written = () => fields().filter(isWritten);
const drafts = new Map(); // by the id of a case that is not shown: the fields that something was written in
const isWriting = () => written().length > 0 || [...drafts.values()].some((draft) => draft.length);

/* ---- what went wrong, where whoever pressed can see it ---- */
const wrongPlace = () => document.querySelector("dialog[open] .wrong") || document.getElementById("lost");
function tell(words) {
  const place = wrongPlace();
  if (!place.hidden && place.textContent === words) return;
  place.textContent = words;
  place.hidden = false;
}
document.addEventListener("htmx:beforeRequest", (event) => { if (!isAgain(event)) wrongPlace().hidden = true; });
document.addEventListener("htmx:responseError", (event) => {
  let words = "That did not work. Try again.";
  try { const told = JSON.parse(event.detail.xhr.responseText); words = told.title + ". " + told.detail; } catch (_) { /* not a problem document */ }
  tell(words);
  if (event.detail.xhr.status === 404 && isAgain(event) && isOfOpenCase(event) && !openDialog()) leaveCase(words);
});
function isOnlyAsked({ verb, path }) { return verb === "get" || path === "/board/search"; }
document.addEventListener("htmx:sendError", (event) => {
  if (!isAgain(event)) tell((isOnlyAsked(event.detail.requestConfig) ? "No connection" : "Not kept: no connection") + ". Press again.");
});
function leaveCase(words) { // which is no longer theirs to read; what they wrote is
  const notice = document.createElement("p"), own = written().filter((field) => field.localName === "textarea");
  notice.className = "notice warn";
  notice.textContent = words + (own.length ? " What you wrote was not kept: copy it from here." : "");
  for (const field of own) field.ariaLabel = "What you wrote";
  casePane.replaceChildren(notice, ...own);
}

/* ---- shown anew: whoever reads stays where they are, and what is half written stays written ---- */
let kept = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target !== casePane || !event.detail.shouldSwap) return;
  if (isAgain(event) && !isOfOpenCase(event)) { event.detail.shouldSwap = false; return; }
  if (isAgain(event) && openDialog()) { event.detail.shouldSwap = false; changed(); return; }
  const at = document.activeElement, sent = event.detail.requestConfig.elt.closest("dialog");
  kept = { at: casePane.contains(at) ? at : null, top: casePane.scrollTop, y: scrollY, did: did(event, sent) };
  drafts.set(openCase()?.dataset.case, written());
  for (const [id, draft] of drafts) drafts.set(id, draft.filter((field) => field.closest("dialog") !== sent));
});
function changed() {
  for (const notice of casePane.querySelectorAll(".changed")) notice.hidden = false;
}
function did(event, dialog) {
  if (isOnlyAsked(event.detail.requestConfig)) return "";
  return dialog ? dialog.querySelector("h3").textContent + ": done." : "Claimed.";
}
const TELLING = ["name", "value", "href", "data-dialog"]; // the rest is anybody's: a textarea drawn larger has a style
const like = (one) => [one.closest("dialog")?.id, one.localName, ...TELLING.map((name) => one.getAttribute(name))].join("|");
const find = (old, among) => among.find((one) => like(one) === like(old));
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== casePane) return;
  const heading = casePane.querySelector("h2"), id = openCase()?.dataset.case;
  if (heading) heading.tabIndex = -1;
  for (const old of drafts.get(id) || []) {
    const field = find(old, fields());
    if (field) { field.value = old.value; field.checked = old.checked; }
  }
  drafts.delete(id);
  if (!isAgain(event)) {
    document.getElementById("said").textContent = kept.did;
    if (heading) { heading.focus(); casePane.scrollTop = 0; }
    return;
  }
  if (kept.at) (find(kept.at, [...casePane.querySelectorAll(kept.at.localName)]) || heading)?.focus({ preventScroll: true });
  casePane.scrollTop = kept.top;
  scrollTo(scrollX, kept.y);
});

/* ---- keys; the board adds its own ---- */
let opening = false; // a case that letters are to act on is on its way
const KEYS = { c: () => casePane.querySelector("form[action$='/claim'] button")?.click() };
for (const [key, name] of Object.entries({ m: "contact", w: "note", o: "override", t: "route", l: "link", x: "close", r: "release" }))
  KEYS[key] = () => show(name);
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing || openDialog() || opening) return;
  if (!document.body.dataset.keys || !KEYS[event.key]) return;
  KEYS[event.key]();
  event.preventDefault();
});
