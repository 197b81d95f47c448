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
  const place = document.querySelector("dialog[open] .wrong") || document.getElementById("lost");
  place.textContent = words;
  place.hidden = false;
});
setInterval(() => { if (document.querySelector("[data-token]")) fetch("/board/renewals", { method: "POST" }); }, 30000);
