
// Fetches the page again and takes over what is new in it.
"use strict";
const silence = document.getElementById("silence");
let silentSince = null;

async function refresh() {
  const answer = await fetch("", {cache: "no-store", signal: AbortSignal.timeout(5000)});
  if (!answer.ok) throw new Error(answer.status);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  // A relay of another version: style and script are other ones, too.
  if (page.querySelector("style").textContent !== document.querySelector("style").textContent) location.reload();
  document.title = page.title;
  document.querySelector("main").replaceWith(page.querySelector("main"));
}

function say(isSilent) {
  if (isSilent && silentSince === null) {
    silentSince = new Date();
    silence.textContent = "✕ The relay has not answered since " + silentSince.toISOString().slice(11, 19) +
      " UTC. What is below is older.";
    document.title = "✕ no answer – outbox-relay";
  }
  if (!isSilent) silentSince = null;
  silence.hidden = !isSilent;
  document.body.classList.toggle("silent", isSilent);
}

async function turn() {
  // Not while somebody selects a text to copy it, or looks elsewhere.
  if (!document.hidden && getSelection().isCollapsed) await refresh().then(() => say(false), () => say(true));
  setTimeout(turn, 3000);
}
setTimeout(turn, 3000);
