/* One case on a page of its own: its forms open and close; the board's own script does the same and more. */
"use strict";
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById("d-" + opener.dataset.dialog).showModal();
  if (event.target.closest("[data-leave]")) event.target.closest("dialog").close();
});
document.addEventListener("htmx:responseError", (event) => {
  let words = "That did not work. Try again.";
  try { const told = JSON.parse(event.detail.xhr.responseText); words = told.title + ". " + told.detail; } catch (_) { /* not a problem document */ }
  tell(words);
});
document.addEventListener("htmx:sendError", lost);
setInterval(renew, 30000);

function tell(words) {
  const place = document.querySelector("dialog[open] .wrong") || document.getElementById("lost");
  if (!place.hidden && place.textContent === words) return;
  place.textContent = words;
  place.hidden = false;
}
function lost() {
  tell("The connection is lost, or your session has ended. What you see may be old, and your claim runs out after two minutes. Show the case again.");
}
async function renew() {
  if (!document.querySelector("[data-token]")) return;
  const answer = await fetch("/board/renewals", { method: "POST" }).catch(() => null);
  if (answer?.status !== 204) lost(); // whoever is signed out is led to a page, which is no failure to fetch
}
