/* The board: applies what the stream sends, counts down, warns of a new threat, and lets the keyboard do everything. */
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const board = $("board"), lines = $("lines"), alerts = $("alerts");
  const SILENT = 16000, RENEW = 30000;
  const SIGNED_OUT = "You are signed out. Sign in in another tab, then press again.";
  let out = false, skew = 0, heard = Date.now(), source = null, first = true, selected = null, unseen = 0, sound = null, alertsShown = null;
  const title = document.title;

  /* ---- the stream ---- */
  function connect() {
    if (source) source.close();
    source = new EventSource("/board/stream");
    source.addEventListener("queue", (event) => { alive(); apply(JSON.parse(event.data)); });
    source.addEventListener("tick", (event) => { alive(); skew = Date.parse(JSON.parse(event.data).now) - Date.now(); });
    source.addEventListener("signed-out", signedOut);
    source.onerror = () => lost();
  }
  function alive() {
    heard = Date.now();
    out = false;
    if ($("link").dataset.state === "live") return;
    $("link").dataset.state = "live";
    $("link").textContent = "Live";
    $("lost").hidden = true;
  }
  function lost() {
    const words = out ? SIGNED_OUT : "The connection is lost. What you see may be old. Trying again by itself.";
    $("link").dataset.state = "lost";
    $("link").textContent = out ? "Signed out" : "Not live";
    if ($("lost").textContent !== words) $("lost").textContent = words;
    $("lost").hidden = false;
    if (source && source.readyState === EventSource.CLOSED) { source = null; setTimeout(connect, out ? 5000 : 1000); }
  }
  function signedOut() {
    if (!fields().some(isWritten)) { location.assign("/sign-in?ended=true"); return; }
    out = true;
    if (source) source.close();
    lost();
    tell(SIGNED_OUT);
  }
  document.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status === 401) signedOut(); });
  window.addEventListener("offline", lost);
  window.addEventListener("online", connect);
  window.addEventListener("pagehide", () => source && source.close());
  setInterval(() => { if (Date.now() - heard > SILENT) { heard = Date.now(); lost(); connect(); } }, 1000);

  function apply(news) {
    const there = new Map([...lines.children].map((li) => [li.id, li]));
    const threats = [];
    for (const [id, html] of Object.entries(news.lines)) {
      let li = there.get("l-" + id);
      const before = li && li.firstElementChild;
      const was = before ? Number(before.dataset.class) : 9;
      if (!li) { li = document.createElement("li"); li.id = "l-" + id; there.set(li.id, li); }
      const focused = li.contains(document.activeElement);
      li.innerHTML = html;
      const line = li.firstElementChild;
      if (focused) line.focus();
      if (!first && Number(line.dataset.class) <= 2 && was > 2 && !line.dataset.held) threats.push(line);
    }
    place(news.order.map((id) => there.get("l-" + id)));
    const alerted = showAlerts(news.alerts);
    $("count").textContent = lines.querySelectorAll(".line:not(.drill)").length + news.more + " open";
    $("empty").hidden = news.order.length > 0;
    $("more").hidden = !news.more;
    $("more").textContent = news.more + " more are behind these.";
    filter();
    countDown();
    mark();
    keepUp();
    if (threats.length || alerted.length) warn(threats, alerted);
    first = false;
  }
  const said = () => [...alerts.querySelectorAll("[data-said]")];
  function showAlerts(html) {
    if (html === alertsShown) return [];
    alertsShown = html;
    const known = new Set(said().map((li) => li.dataset.said));
    const at = alerts.contains(document.activeElement) && document.activeElement, isOpen = alerts.querySelector("details[open]");
    alerts.innerHTML = html;
    const details = alerts.querySelector("details");
    if (details) details.open = Boolean(isOpen);
    const again = at && alerts.querySelector(at.dataset.id ? `a[data-id="${at.dataset.id}"]` : at.localName);
    if (again) again.focus();
    return first ? [] : said().filter((li) => Number(li.dataset.class) <= 2 && !known.has(li.dataset.said));
  }
  function place(wanted) {
    const kept = new Set(wanted);
    for (const li of [...lines.children]) if (!kept.has(li)) li.remove();
    let at = lines.firstElementChild;
    for (const li of wanted) {
      if (li === at) at = at.nextElementSibling; else lines.insertBefore(li, at);
    }
  }

  /* ---- the open case keeps up with its line ---- */
  function keepUp() {
    const shown = openCase();
    if (!shown) return;
    const li = $("l-" + shown.dataset.case);
    const stamp = li ? li.firstElementChild.dataset.stamp : shown.dataset.stamp.replace(/h$/, "");
    if (li && stamp === shown.dataset.stamp) return;
    if (!li && shown.dataset.closed) return;
    if (openDialog()) { changed(); return; }
    if (li || !shown.dataset.asked) { shown.dataset.asked = "yes"; fetchCase(shown.dataset.case, true); }
  }
  casePane.addEventListener("close", keepUp, true); // of a dialog in it, which does not bubble
  const fetchCase = (id, again) => htmx.ajax("GET", "/board/cases/" + id + (again ? "?again=true" : ""), { target: "#case", swap: "innerHTML" });
  setInterval(() => fetch("/board/renewals", { method: "POST", headers: { "HX-Request": "true" } })
    .then((answer) => { if (answer.status === 401) signedOut(); }).catch(() => lost()), RENEW);

  /* ---- time ---- */
  function countDown() {
    const now = Date.now() + skew;
    for (const time of document.querySelectorAll("[data-target]")) {
      const seconds = Math.round((Date.parse(time.dataset.target) - now) / 1000);
      const words = left(seconds);
      if (time.textContent !== words) time.textContent = words;
      const state = seconds < 0 ? "late" : seconds < 300 ? "soon" : "";
      if (time.dataset.state !== state) time.dataset.state = state;
    }
  }
  function left(seconds) {
    const s = Math.abs(seconds);
    const words = s < 3600 ? Math.floor(s / 60) + ":" + String(s % 60).padStart(2, "0")
      : s < 86400 ? Math.floor(s / 3600) + " h " + Math.floor((s % 3600) / 60) + " min" : Math.floor(s / 86400) + " d " + Math.floor((s % 86400) / 3600) + " h";
    return seconds < 0 ? words + " late" : words + " left";
  }
  setInterval(countDown, 1000);

  /* ---- a new threat, and one that is waiting ---- */
  function warn(threats, alerted) {
    unseen += threats.length;
    if (unseen) document.title = warning();
    const words = (one, many, all) => !all.length ? "" : (all.length > 1 ? all.length + many + ". The first: " : one + ". ") + all[0].innerText.replace(/\s+/g, " ");
    $("news").textContent = words("New threat", " new threats", threats) + " " + words("Alert", " alerts", alerted);
    for (const line of threats) line.classList.add("flash");
    if (!board.dataset.muted) beep();
  }
  const warning = () => "▲ " + unseen + " new threat" + (unseen > 1 ? "s" : "") + " – Heard";
  function calm() { if (unseen) { unseen = 0; document.title = title; } }
  const silence = () => { $("silent").hidden = sound.state === "running" || Boolean(board.dataset.muted); };
  function beep() {
    silence();
    const at = sound.currentTime;
    for (const [n, pitch] of [[0, 880], [1, 660], [2, 880]]) {
      const tone = sound.createOscillator(), volume = sound.createGain();
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.25, at + n * 0.22);
      volume.gain.exponentialRampToValueAtTime(0.001, at + n * 0.22 + 0.2);
      tone.connect(volume).connect(sound.destination);
      tone.start(at + n * 0.22);
      tone.stop(at + n * 0.22 + 0.2);
    }
    board.dataset.beeped = Number(board.dataset.beeped || 0) + 1;
  }
  setInterval(() => {
    if (!unseen) return;
    document.title = !board.dataset.muted && document.title !== title ? title : warning();
  }, 1000);
  for (const kind of ["keydown", "click"]) window.addEventListener(kind, () => {
    calm();
    if (sound && sound.state === "suspended") sound.resume();
  });
  function mute() {
    const muted = !board.dataset.muted;
    board.dataset.muted = muted ? "yes" : "";
    $("mute").setAttribute("aria-pressed", String(muted));
    if (sound) silence();
    fetch("/preferences/muted", { method: "POST", body: new URLSearchParams({ muted: String(muted) }) }).catch(() => lost());
  }
  $("mute").addEventListener("click", mute);

  /* ---- choosing ---- */
  const visible = () => [...lines.children].filter((li) => !li.hidden).map((li) => li.firstElementChild);
  function filter() {
    const wanted = $("filter").value;
    $("filter-value").value = wanted;
    for (const li of lines.children) li.hidden = Boolean(wanted) && !li.firstElementChild.dataset.queues.split(" ").includes(wanted);
  }
  $("filter").addEventListener("change", filter);
  function mark() {
    const shown = openCase();
    for (const line of lines.querySelectorAll(".line[aria-current]")) line.removeAttribute("aria-current");
    if (shown && $("l-" + shown.dataset.case)) $("l-" + shown.dataset.case).firstElementChild.setAttribute("aria-current", "true");
  }
  function move(by) {
    const all = visible();
    if (!all.length) return;
    const at = all.findIndex((line) => line === document.activeElement || line.dataset.id === selected);
    const to = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
    selected = to.dataset.id;
    to.focus();
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-id]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); selected = link.dataset.id; fetchCase(link.dataset.id); }
  });
  document.addEventListener("htmx:afterSwap", (event) => { if (event.detail.target === casePane) { mark(); countDown(); } });

  /* ---- keys ---- */
  Object.assign(KEYS, { j: () => move(1), k: () => move(-1), n: () => $("next").click(), c: claim, u: mute, "/": () => $("q").focus() });
  document.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey || openDialog()) return;
    if (event.target === document.body || lines.contains(event.target)) { move(by); event.preventDefault(); }
  });
  function claim() {
    const line = document.activeElement.closest && document.activeElement.closest(".line");
    const shown = openCase();
    const id = line ? line.dataset.id : shown && shown.dataset.case;
    if (id) htmx.ajax("POST", "/board/cases/" + id + "/claim", { target: "#case", swap: "innerHTML" });
  }

  countDown();
  connect();
  sound = new AudioContext();
  sound.onstatechange = silence;
  setTimeout(silence, 1000); // a browser that lets it has started it by then
})();
