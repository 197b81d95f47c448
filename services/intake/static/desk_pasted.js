// What was pasted is read by the same reader as files. Who is who in it is asked for, and never guessed.
"use strict";
const chosen = () => document.querySelector("[name=speaker]:checked").value;

// A line typed is one turn, whole, unless it is named for one who speaks in this call: `He is shouting: …` is nobody's name.
function manyTurns(text, who) {
  const name = text.split(":", 1)[0].trim();
  return text.trim().includes("\n") || /^\s*(\{|\[\s*[\[{])/.test(text)
    || (text.includes(":") && (/^(caller|operator|background)$/i.test(name) || Object.hasOwn(who, name)));
}

async function read(said, to) {
  const { text, speaker } = said, whole = [{ speaker, text }];
  if (said.whole || !manyTurns(text, to.who)) return whole;
  const found = await ask("/v1/transcripts/read", { text, speakers: to.who });
  const asked = Object.keys(found.ask);
  if (asked.length && said.by_hand) return whole;
  if (asked.length === 1 && asked[0] === "") return (await ask("/v1/transcripts/read", { text, speakers: { ...to.who, "": speaker } })).turns;
  if (asked.length && to !== call) return whole; // nobody has that call before them any more
  if (asked.length) askWho(said, found.ask);
  $("noted").hidden = !found.notes.length;
  $("noted").textContent = found.notes.join("; ");
  return found.turns;
}

// It waits aside, out of the box and in nobody's way: what is said meanwhile is kept, and the focus stays where it is.
function askWho(said, names) {
  const { aside } = call;
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

function keepNamed() {
  for (const one of $("names-asked").children) {
    const said = one.querySelector(":checked");
    if (!said) { one.querySelector("input").focus(); return; }
    call.who[one.dataset.name] = said.value;
  }
  send(leaveNames());
}

function leaveNames() {
  $("names").hidden = true;
  $("words").focus();
  return call.aside.splice(0);
}
