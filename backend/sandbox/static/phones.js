"use strict";

const LOOK_EVERY = 700;
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const ZONES = [
  "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
  "America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico", "Europe/London", "Europe/Madrid", "UTC",
];
const UNDER_WAY = new Set(["accepted", "scheduled", "queued", "sending", "sent"]);

const byId = (id) => document.getElementById(id);
const phones = new Map();
const seen = new Map(Object.entries(read("town-phones-seen", {})));
let version = 0;
let clockSkew = 0;
let zone = read("town-zone", document.body.dataset.zone);
let failures = 0;

function read(key, usual) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? usual;
  } catch {
    return usual;
  }
}

function keep(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // a browser without storage forgets what was read: no harm
  }
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

async function ask(path, body) {
  const options = body === undefined
    ? {}
    : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error || `status ${response.status}`);
  return answer;
}

function tell(trouble) {
  byId("trouble").textContent = trouble;
  byId("trouble").hidden = !trouble;
}

async function act(path, body) {
  try {
    const answer = await ask(path, body);
    tell("");
    await look();
    return answer;
  } catch (error) {
    tell(`That did not work: ${error.message}`);
    return null;
  }
}

const at = (moment, options) => new Intl.DateTimeFormat("en-US", { timeZone: zone, ...options }).format(moment);
const dayOf = (moment) => at(moment, { weekday: "short", month: "short", day: "numeric" });
const timeOf = (moment) => at(moment, { hour: "numeric", minute: "2-digit" });

function showClock() {
  const now = new Date(Date.now() + clockSkew);
  byId("clock-time").textContent = timeOf(now);
  byId("clock-time").dateTime = now.toISOString();
  byId("clock-day").textContent = dayOf(now);
}

function setClock(answer) {
  clockSkew = new Date(answer.now) - Date.now();
  const minutes = Math.round(answer.ahead_seconds / 60);
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
  const parts = [days && `${days} d`, hours && `${hours} h`, rest && `${rest} min`].filter(Boolean);
  byId("clock-ahead").textContent = `${parts.join(" ")} ahead`;
  byId("clock-ahead").hidden = minutes === 0;
  showClock();
}

const path = (number) => `/handsets/${encodeURIComponent(number)}`;
const spaced = (number) => number.replace(/^(\+1)(\d{3})(\d{3})(\d{4})$/, "$1 $2 $3 $4");

function addPhone(number) {
  const card = byId("phone").content.firstElementChild.cloneNode(true);
  const phone = { number, card, data: null };
  const find = (selector) => card.querySelector(selector);
  find(".number").textContent = spaced(number);
  find(".label").addEventListener("click", () => rename(phone));
  find(".body").setAttribute("aria-label", `Text from ${spaced(number)}`);
  find(".thread").setAttribute("aria-label", `Texts of ${spaced(number)}`);
  find(".write").addEventListener("submit", (event) => send(event, phone));
  find(".answer").addEventListener("click", () => act(`${path(number)}/calls/${phone.data.call.sid}/answer`, {}));
  find(".hangup").addEventListener("click", () => act(`${path(number)}/calls/${phone.data.call.sid}/hangup`, {}));
  for (const key of KEYS) {
    const button = make("button", "key", key);
    button.type = "button";
    button.addEventListener("click", () => act(`${path(number)}/calls/${phone.data.call.sid}/digits`, { digits: key }));
    find(".keys").append(button);
  }
  for (const kind of ["focusin", "pointerdown"]) card.addEventListener(kind, () => markRead(phone));
  byId("phones").append(card);
  phones.set(number, phone);
  return phone;
}

async function rename(phone) {
  const label = window.prompt("Who has this phone?", phone.data.label);
  if (label !== null) await act(path(phone.number), { label });
}

async function send(event, phone) {
  event.preventDefault();
  const field = phone.card.querySelector(".body");
  const body = field.value;
  if (!body.trim()) return;
  field.value = "";
  markRead(phone);
  const sent = await act(`${path(phone.number)}/texts`, { body });
  if (!sent) field.value = body;
}

const newestReceived = (data) =>
  data.thread.filter((text) => text.direction === "received" && text.status === "delivered").at(-1)?.sid ?? "";

function markRead(phone) {
  const newest = phone.data ? newestReceived(phone.data) : "";
  if (!newest || seen.get(phone.number) === newest) return;
  seen.set(phone.number, newest);
  keep("town-phones-seen", Object.fromEntries(seen));
  showUnread(phone);
}

function showUnread(phone) {
  const newest = newestReceived(phone.data);
  const unread = newest !== "" && seen.get(phone.number) !== newest;
  phone.card.classList.toggle("unread", unread);
  phone.card.querySelector(".badge.new").hidden = !unread;
}

function textParts(text) {
  const moment = new Date(text.at);
  if (text.direction === "received" && ["failed", "undelivered"].includes(text.status)) {
    const why = text.note ? `: ${text.note}` : "";
    return [make("p", "event bad", `A text did not get here (${text.error_code}${why})`)];
  }
  if (text.direction === "received" && UNDER_WAY.has(text.status)) return [];
  const body = [text.body, text.media ? `[${text.media} picture${text.media > 1 ? "s" : ""}]` : ""];
  const bubble = make("div", `bubble ${text.direction}`, body.filter(Boolean).join("\n"));
  const meta = [timeOf(moment), text.direction === "sent" && text.note].filter(Boolean).join(" · ");
  const bad = text.direction === "sent" && text.note ? " bad" : "";
  return [bubble, make("div", `meta ${text.direction}${bad}`, meta)];
}

function callParts(call) {
  const words = { completed: "Call ended", "no-answer": "Missed call", busy: "Call declined" };
  const heard = call.heard.length ? `: “${call.heard.join(" ")}”` : "";
  return [make("p", "event", `${words[call.status] ?? `Call ${call.status}`}, ${timeOf(new Date(call.at))}${heard}`)];
}

function showThread(phone) {
  const items = [
    ...phone.data.thread.map((text) => ({ at: text.at, parts: () => textParts(text) })),
    ...phone.data.calls.map((call) => ({ at: call.at, parts: () => callParts(call) })),
  ].sort((one, other) => one.at.localeCompare(other.at));
  let day = "";
  const nodes = [];
  for (const item of items) {
    const parts = item.parts();
    const itsDay = dayOf(new Date(item.at));
    if (parts.length && itsDay !== day) nodes.push(make("p", "event", itsDay));
    if (parts.length) day = itsDay;
    nodes.push(...parts);
  }
  const shown = nodes.length ? nodes : [make("p", "quiet", "No texts yet")];
  phone.card.querySelector(".thread").replaceChildren(...shown);
}

function showCall(phone) {
  const call = phone.data.call;
  const box = phone.card.querySelector(".call");
  const rings = call?.status === "ringing";
  phone.card.classList.toggle("rings", rings);
  box.hidden = !call;
  if (!call) return;
  box.querySelector(".call-state").textContent = rings ? `${spaced(call.from)} is calling` : `On the phone with ${spaced(call.from)}`;
  box.querySelector(".heard").textContent = call.heard.join("\n");
  box.querySelector(".keys").hidden = rings;
  box.querySelector(".answer").hidden = !rings;
  box.querySelector(".hangup").textContent = rings ? "Decline" : "Hang up";
}

function showPhone(data) {
  const phone = phones.get(data.number) ?? addPhone(data.number);
  const first = phone.data === null;
  phone.data = data;
  const label = phone.card.querySelector(".label");
  label.textContent = data.label || "Unnamed phone";
  label.setAttribute("aria-label", `${data.label || "Unnamed phone"}: rename`);
  phone.card.querySelector(".badge.off").hidden = !data.off;
  const thread = phone.card.querySelector(".thread");
  const atEnd = first || thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80;
  showThread(phone);
  showCall(phone);
  if (atEnd) thread.scrollTop = thread.scrollHeight;
  if (phone.card.contains(document.activeElement)) markRead(phone);
  showUnread(phone);
}

const isWriting = () => [...phones.values()].some(({ card }) => card.contains(document.activeElement));

function arrange() {
  const rank = ({ data }) => (data.call?.status === "ringing" ? 1e12 : 0) + data.changed;
  const ranked = [...phones.values()].sort((one, other) => rank(other) - rank(one));
  const holder = byId("phones");
  const inPlace = ranked.every((phone, place) => holder.children[place] === phone.card);
  if (!inPlace && !isWriting()) holder.replaceChildren(...ranked.map(({ card }) => card));
  for (const { card } of inPlace ? [] : ranked) {
    const thread = card.querySelector(".thread");
    thread.scrollTop = thread.scrollHeight;
  }
  byId("empty").hidden = phones.size > 0;
  filter();
}

function filter() {
  const wanted = byId("find").value.trim().toLowerCase();
  for (const { card, data } of phones.values()) {
    card.hidden = wanted !== "" && !`${data.label} ${data.number} ${spaced(data.number)}`.toLowerCase().includes(wanted);
  }
}

function forgetAll() {
  phones.clear();
  byId("phones").replaceChildren();
}

async function look() {
  try {
    const answer = await ask(`/phones?after=${version}`);
    if (answer.anew) forgetAll();
    if (failures) tell("");
    failures = 0;
    version = answer.version;
    setClock(answer);
    answer.phones.forEach(showPhone);
    byId("alert-count").textContent = answer.alerts;
    byId("alerts").classList.toggle("some", answer.alerts > 0);
    if (answer.phones.length || phones.size === 0) arrange();
  } catch {
    failures += 1;
    if (failures > 2) tell("The sandbox does not answer. Is it still running?");
  }
}

async function showAlerts() {
  if (!byId("alerts").open) return;
  const alerts = await ask("/alerts");
  const lines = alerts.map((alert) => make("li", "", `${timeOf(new Date(alert.at))} · ${alert.code} · ${alert.message}`));
  byId("alert-list").replaceChildren(...(lines.length ? lines : [make("li", "", "None.")]));
}

function setUpZones() {
  const select = byId("zone");
  for (const name of new Set([zone, document.body.dataset.zone, ...ZONES])) {
    select.append(new Option(name.replace(/_/g, " "), name, false, name === zone));
  }
  select.addEventListener("change", () => {
    zone = select.value;
    keep("town-zone", zone);
    showClock();
    for (const phone of phones.values()) showThread(phone);
  });
}

async function addByForm(event) {
  event.preventDefault();
  const form = event.target;
  const number = form.number.value.replace(/[^\d]/g, "");
  const added = await act(path(`+${number.length === 10 ? "1" : ""}${number}`), { label: form.label.value.trim() });
  if (added) form.reset();
}

async function keepLooking() {
  if (!document.hidden) await look();
  setTimeout(keepLooking, LOOK_EVERY);
}

for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () => act("/clock", { advance: button.dataset.advance }));
}
document.querySelector("[data-next]").addEventListener("click", (event) =>
  act("/clock", { next: event.target.dataset.next, zone }));
byId("add").addEventListener("submit", addByForm);
byId("find").addEventListener("input", filter);
byId("alerts").addEventListener("toggle", showAlerts);
setUpZones();
setInterval(showClock, 1000);
keepLooking();
