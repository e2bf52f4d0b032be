// The only script of the console: fresh figures without a reload, and a few keys.
// Pages are whole without it.
"use strict";

const REFRESH_MS = 5000;

async function refresh() {
  const main = document.querySelector("main[data-refresh]");
  const busy = document.hidden || !main || main.contains(document.activeElement) || String(getSelection());
  if (!busy) {
    try {
      const answer = await fetch(location.href, { headers: { "x-refresh": "1" }, redirect: "error" });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
        if (fresh) main.replaceChildren(...fresh.childNodes);
      }
      document.body.classList.toggle("stale", !answer.ok);
    } catch {
      document.body.classList.add("stale");
    }
  }
  setTimeout(refresh, REFRESH_MS);
}

const JUMPS = { h: "/", r: "/registry", x: "/refused", v: "/reviews", d: "/dead-letters" };
let pending = false;

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  } else if (pending && JUMPS[event.key]) {
    location.assign(JUMPS[event.key]);
  }
  pending = event.key === "g";
});

for (const time of document.querySelectorAll("time")) time.title = new Date(time.dateTime).toString();
setTimeout(refresh, REFRESH_MS);
