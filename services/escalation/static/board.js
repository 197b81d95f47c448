/* The board: applies what the stream sends, counts down, warns of a new threat, and lets the keyboard do everything. */
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const board = $("board"), lines = $("lines"), alerts = $("alerts");
  const SILENT = 16000, DEAF = 20000, MINUTE = 60000, RENEW = 30000, BEEPS = 1000;
  const SIGNED_OUT = "You are signed out. Sign in in another tab, then press again.";
  const NOT_LIVE = "✘ Not live – Heard", title = document.title, unseen = new Set(); // ids of cases
  let out = false, skew = 0, heard = Date.now(), cryAt = 0, deaf = false, source = null, first = true, selected = null, sound = null, waking = null, alertsShown = null;

  /* ---- the stream ---- */
  function connect() {
    if (source) source.close();
    source = new EventSource("/board/stream");
    source.addEventListener("queue", (event) => { alive(); apply(JSON.parse(event.data)); });
    source.addEventListener("tick", (event) => { alive(); ticked(JSON.parse(event.data)); });
    source.addEventListener("signed-out", renew); // they may have signed in anew, in another tab
    source.onerror = () => lost();
  }
  function alive() {
    heard = Date.now();
    out = false;
    if ($("link").dataset.state === "live") return;
    $("link").dataset.state = "live";
    $("link").textContent = "Live";
    $("lost").hidden = true;
    cryAt = 0;
    deaf = false;
    retitle();
  }
  function ticked({ now, ends }) {
    skew = Date.parse(now) - Date.now();
    if (ends === $("ends").textContent) return;
    $("ends").textContent = ends;
    if (ends && $("ending").hidden) sounded();
    $("ending").hidden = !ends;
  }
  function lost() {
    const words = out ? SIGNED_OUT : "The connection is lost. What you see may be old. Trying again by itself.";
    $("link").dataset.state = "lost";
    $("link").textContent = out ? "Signed out" : "Not live";
    if ($("lost").textContent !== words) $("lost").textContent = words;
    $("lost").hidden = false;
    cryAt ||= Date.now() + DEAF;
    if (source && source.readyState === EventSource.CLOSED) { source = null; setTimeout(connect, out ? 5000 : 1000); }
  }
  function signedOut() {
    if (!out) sounded();
    out = true;
    if (source) source.close();
    if (!isWriting()) { setTimeout(() => location.assign("/sign-in?ended=true"), BEEPS); return; }
    lost();
    tell(SIGNED_OUT);
  }
  const renew = () => fetch("/board/renewals", { method: "POST", headers: { "HX-Request": "true" } })
    .then((answer) => { if ([401, 403].includes(answer.status)) signedOut(); }).catch(() => lost());
  setInterval(renew, RENEW);
  document.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status === 401) signedOut(); });
  window.addEventListener("offline", lost);
  window.addEventListener("online", connect);
  window.addEventListener("focus", () => { if (!$("ending").hidden) connect(); }); // back from the tab where they signed in
  window.addEventListener("pagehide", () => source && source.close());
  setInterval(() => {
    const now = Date.now();
    if (now - heard > SILENT) { heard = now; lost(); connect(); }
    if (cryAt && now > cryAt) cry(now);
  }, 1000);
  // Nobody looks at a board all night: one that stays cut off is heard, and again each minute.
  function cry(now) {
    cryAt = now + MINUTE;
    deaf = true;
    retitle();
    sounded();
  }

  function apply(news) {
    const there = new Map([...lines.children].map((li) => [li.id, li]));
    const focused = lines.contains(document.activeElement) && document.activeElement.dataset.id;
    const threats = [], graver = [];
    for (const [id, html] of Object.entries(news.lines)) {
      let li = there.get("l-" + id);
      const before = li && li.firstElementChild;
      const was = before ? Number(before.dataset.class) : 9;
      if (!li) { li = document.createElement("li"); li.id = "l-" + id; there.set(li.id, li); }
      li.innerHTML = html;
      const line = li.firstElementChild, now = Number(line.dataset.class);
      if (first || now > 2 || now >= was) continue;
      if (before) graver.push(line); else if (!line.dataset.held) threats.push(line);
    }
    place(news.order.map((id) => there.get("l-" + id)));
    if (focused && $("l-" + focused)) $("l-" + focused).firstElementChild.focus({ preventScroll: true });
    const alerted = showAlerts(news.alerts);
    $("count").textContent = lines.querySelectorAll(".line:not(.drill)").length + news.more + " open";
    $("empty").hidden = news.order.length > 0;
    $("more").hidden = !news.more;
    $("more").textContent = news.more + " more are behind these.";
    filter();
    countDown();
    mark();
    keepUp();
    if (threats.length || graver.length || alerted.length) warn(threats, graver, alerted);
    first = false;
  }
  const said = () => [...alerts.querySelectorAll("[data-said]")];
  function showAlerts(html) {
    if (html === alertsShown) return [];
    alertsShown = html;
    const known = new Set(said().map((li) => li.dataset.said));
    const at = alerts.contains(document.activeElement) && document.activeElement, isOpen = alerts.querySelector("details[open]");
    const top = isOpen && isOpen.lastElementChild.scrollTop;
    alerts.innerHTML = html;
    const details = alerts.querySelector("details");
    if (details) { details.open = Boolean(isOpen); details.lastElementChild.scrollTop = top; }
    const again = at && alerts.querySelector(at.dataset.id ? `a[data-id="${at.dataset.id}"]` : at.localName);
    if (again) again.focus({ preventScroll: true });
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
    if (li || !shown.dataset.asked) { shown.dataset.asked = "yes"; fetchAgain(shown.dataset.case); }
  }
  casePane.addEventListener("close", keepUp, true); // of a dialog in it, which does not bubble
  const SHOW = { target: "#case", swap: "innerHTML" };
  const fetchCase = (id) => htmx.ajax("GET", "/board/cases/" + id, SHOW);
  // Of what waits for one source htmx sends the last alone: keeping up has its own, lest it take a click's or a claim's place.
  const fetchAgain = (id) => htmx.ajax("GET", "/board/cases/" + id + "?again=true", { source: lines, ...SHOW });

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
  function warn(threats, graver, alerted) {
    for (const one of [...threats, ...graver, ...alerted]) unseen.add((one.querySelector("a") || one).dataset.id);
    retitle();
    const words = (one, many, all) => (all.length > 1 ? all.length + many + ". The first: " : one + ". ") + all[0].innerText.replace(/\s+/g, " ");
    const news = [["New threat", " new threats", threats], ["Graver now", " graver now", graver], ["Alert", " alerts", alerted]];
    $("news").textContent = news.filter(([,, all]) => all.length).map((one) => words(...one)).join(" ");
    for (const line of [...threats, ...graver]) line.classList.add("flash");
    sounded();
  }
  const warning = () => "▲ " + unseen.size + " threat" + (unseen.size > 1 ? "s" : "") + " – Heard";
  function retitle() { document.title = deaf ? NOT_LIVE : unseen.size ? warning() : title; }
  function calm() { unseen.clear(); retitle(); }
  const silence = () => { $("silent").hidden = sound.state === "running" || Boolean(board.dataset.muted); };
  const sounded = () => { if (!board.dataset.muted) beep(); };
  function beep() {
    board.dataset.beeped = Number(board.dataset.beeped || 0) + 1;
    silence();
    if (sound.state === "running") chime();
    else waking ||= sound.resume().then(() => { waking = null; chime(); }); // once, however much it missed
  }
  function chime() {
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
  }
  setInterval(() => {
    if (deaf || !unseen.size) return;
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
    $("muted").hidden = !muted;
    if (sound) silence();
    fetch("/preferences/muted", { method: "POST", headers: { "HX-Request": "true" }, body: new URLSearchParams({ muted: String(muted) }) })
      .then((answer) => { if (answer.status === 401) signedOut(); else if (!answer.ok) throw answer; })
      .catch(() => tell("Not kept: the next page that you open has the sound as it was."));
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
  const shownId = () => openCase()?.dataset.case;
  function mark() {
    for (const line of lines.querySelectorAll(".line[aria-current]")) line.removeAttribute("aria-current");
    $("l-" + shownId())?.firstElementChild.setAttribute("aria-current", "true");
  }
  function move(by) {
    const all = visible();
    if (!all.length) return;
    const focused = all.indexOf(document.activeElement);
    const at = focused < 0 ? all.findIndex((line) => line.dataset.id === selected) : focused;
    const to = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
    selected = to.dataset.id;
    to.focus();
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-id]");
    if (link && window.htmx && !event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); selected = link.dataset.id; fetchCase(link.dataset.id); }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== casePane) return;
    if (!isAgain(event)) selected = shownId();
    mark();
    countDown();
  });
  // Where the answer to a claim was lost, the next press is the same claim.
  const freshKey = () => { $("next-key").value = crypto.randomUUID(); };
  $("claim").addEventListener("htmx:afterOnLoad", (event) => { if (event.detail.xhr.status < 500) freshKey(); });
  freshKey();

  /* ---- keys ---- */
  // A letter is for the case whose line has the focus; with the focus nowhere, for the one chosen last.
  function chosen() {
    const at = document.activeElement, line = at?.closest(".line, #alerts [data-id]");
    return line ? line.dataset.id : casePane.contains(at) ? shownId() : selected;
  }
  async function actOnChosen(act) {
    const id = chosen();
    if (id && id !== shownId()) {
      opening = true;
      try { await fetchCase(id); } finally { opening = false; }
    }
    if (!id || id === shownId()) act();
  }
  for (const [key, act] of Object.entries(KEYS)) KEYS[key] = () => actOnChosen(act);
  Object.assign(KEYS, { j: () => move(1), k: () => move(-1), n: () => $("next").click(), c: claim, u: mute, "/": () => $("q").focus() });
  document.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey || openDialog()) return;
    if (event.target === document.body || lines.contains(event.target)) { move(by); event.preventDefault(); }
  });
  function claim() {
    const id = chosen();
    if (id) htmx.ajax("POST", "/board/cases/" + id + "/claim", SHOW);
  }

  countDown();
  connect();
  sound = new AudioContext();
  sound.onstatechange = silence;
  setTimeout(silence, 1000); // a browser that lets it has started it by then
  $("unloaded").hidden = Boolean(window.htmx);
})();
