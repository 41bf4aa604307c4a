// What the console does besides asking again by itself: keys, the text counter, and saying when it is out of date.
"use strict";

// Parts that refresh themselves are only sent when they changed.
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  const mark = ctx.sourceElement.dataset.etag;
  if (mark) ctx.request.headers["If-None-Match"] = mark;
});

document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  const mark = ctx.response.headers.get("ETag");
  if (ctx.response.status === 200 && mark) ctx.sourceElement.dataset.etag = mark;
  outOfDate(ctx.response.status >= 400);
});

document.addEventListener("htmx:error", () => outOfDate(true));

function outOfDate(is) {
  document.getElementById("stale").hidden = !is;
}

// The title says how many stat and asap cases are open, also while another tab is in front.
document.addEventListener("htmx:after:swap", () => {
  const urgent = Number(document.querySelector("#alarm [data-urgent]")?.dataset.urgent ?? 0);
  const title = document.title.replace(/^\(\d+\) /, "");
  document.title = urgent ? `(${urgent}) ${title}` : title;
});

// Typing is activity, too: a half-written note must not be lost to the idle log-off.
let told = Date.now();
document.addEventListener("input", () => {
  if (Date.now() - told < 60_000) return;
  told = Date.now();
  fetch("/still-here", { cache: "no-store" }).catch(() => outOfDate(true));
});

// Keys, only while nothing is being typed.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  if (event.key === "a") document.getElementById("take")?.focus();
  if (event.key === "j" || event.key === "k") walk(event.key === "j" ? 1 : -1);
});

function walk(by) {
  const links = [...document.querySelectorAll(".queue > li > a")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  links[at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1)].focus();
}

// How much of a text is left, counted as the telephone network counts.
const GSM = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const GSM_TWO = new Set("^{}\\[~]|€\f");
const ALONE = 160;
const MOST = 306;

function measure(field) {
  const words = field.value.trim();
  const odd = [...words].filter((c) => !GSM.has(c) && !GSM_TWO.has(c));
  const size = [...words].reduce((sum, c) => sum + (GSM_TWO.has(c) ? 2 : 1), 0);
  const output = document.getElementById(field.dataset.septets);
  output.classList.toggle("over", odd.length > 0 || size > MOST);
  if (odd.length) output.textContent = `Cannot be sent: ${[...new Set(odd)].join(" ")}`;
  else output.textContent = size ? `${size} of ${MOST}, ${size > ALONE ? "2 parts" : "1 part"}` : "";
}

for (const field of document.querySelectorAll("[data-septets]")) {
  field.addEventListener("input", () => measure(field));
  measure(field);
}

document.getElementById("faults")?.focus();
