// The harbour's page. What it shows is one map of bookings: a snapshot by WebSocket, then each
// change. A lost connection makes it stale, and it connects again by itself.

const HOUR = 3600e3;
const DAY = 24 * HOUR;
// Metres: water that stays below a ship, and the depth of the way from the sea at the lowest tide.
const CLEARANCE = 0.5;
const FAIRWAY = 10;
const byId = (id) => document.getElementById(id);
const form = byId("book");
// Not `form.elements.length`, which counts them.
const field = (name) => form.elements.namedItem(name);

const harbour = { berths: [], bookings: new Map() };
const view = { from: midnight(Date.now()) - DAY, days: 14 };

// ---- Small tools: elements, and times in UTC.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in made && name !== "style") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function midnight(time) {
  return Math.floor(time / DAY) * DAY;
}

function formatter(options) {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
  return (time) => format.format(time);
}
const dayAndTime = formatter({ weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const clockTime = formatter({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dateAndTime = formatter({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const shortTime = (time) => dateAndTime(time).replace(",", "");
const weekday = formatter({ weekday: "short" });
const dayAndMonth = formatter({ day: "numeric", month: "long" });
const fullDay = formatter({ day: "numeric", month: "long", year: "numeric" });

// What a field of `datetime-local` holds: here it is UTC.
const toField = (time) => new Date(time).toISOString().slice(0, 16);
const fromField = (text) => Date.parse(`${text}Z`);

// ---- What is known of the harbour.

function keep(booking) {
  if (booking.state === "cancelled") return harbour.bookings.delete(booking.id);
  const { arrives, departs } = booking;
  harbour.bookings.set(booking.id, { ...booking, from: Date.parse(arrives), to: Date.parse(departs) });
}

function berthOf(booking) {
  return harbour.berths.find((berth) => berth.id === booking.berth);
}

function berthName(berth) {
  return berth ? `berth ${berth.number}, ${berth.quay}` : "an unknown berth";
}

// The berths by quay, each in the order in which the harbour names them.
function quays() {
  const found = new Map();
  for (const berth of harbour.berths) found.set(berth.quay, [...found.get(berth.quay) ?? [], berth]);
  return [...found];
}

function isFree(berth, from, to) {
  for (const stay of harbour.bookings.values()) {
    if (stay.berth === berth.id && stay.from < to && from < stay.to) return false;
  }
  return true;
}

// ---- The plan. Rows are made once for a snapshot; what is in them is compared by booking.

const rows = new Map(); // berth -> { water, stays: booking -> element }
let isDrawing = false;

function draw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    drawStays();
    drawFigures();
    drawGhost();
  });
}

function drawRows() {
  rows.clear();
  const rowOf = (berth) => {
    const water = element("div", { className: "water" });
    rows.set(berth.id, { water, stays: new Map() });
    const place = element("div", { className: "place" }, element("b", {}, `Berth ${berth.number}`),
      element("small", {}, `${berth.length} m · ↓ ${berth.depth} m`));
    const row = element("li", { className: "berth", "aria-label": `Berth ${berth.number}, ${berth.length} metres, ${berth.depth} metres deep` }, place, water);
    row.dataset.berth = berth.id;
    return row;
  };
  byId("quays").replaceChildren(...quays().map(([quay, berths]) =>
    element("section", { className: "quay" }, element("h3", {}, quay), element("ul", {}, ...berths.map(rowOf)))));
  byId("empty").hidden = harbour.berths.length > 0;
  byId("empty").textContent = "This harbour has no berths.";
  drawChoices();
  drawDays();
}

function drawDays() {
  const end = view.from + view.days * DAY;
  const days = Array.from({ length: view.days }, (_, index) => view.from + index * DAY);
  const isWeekend = (day) => [0, 6].includes(new Date(day).getUTCDay());
  byId("days").replaceChildren(...days.map((day) => {
    const date = new Date(day).getUTCDate();
    const cell = element("div", { className: "day" }, weekday(day).slice(0, view.days > 20 ? 1 : 3), element("b", {}, String(date)));
    cell.classList.toggle("is-weekend", isWeekend(day));
    cell.classList.toggle("is-today", day === midnight(Date.now()));
    return cell;
  }));
  byId("range").textContent = `${dayAndMonth(view.from)} to ${fullDay(end - DAY)}`;
  for (const { water, stays } of rows.values()) {
    stays.clear();
    water.style.setProperty("--day", `${100 / view.days}%`);
    const marks = days.filter(isWeekend).map((day) => {
      const mark = element("span", { className: "weekend" });
      placeAt(mark, day, day + DAY);
      return mark;
    });
    const past = element("span", { className: "past" });
    water.replaceChildren(past, ...marks, element("span", { className: "now-line" }));
  }
  drawNow();
  draw();
}

const share = (time) => Math.min(1, Math.max(0, (time - view.from) / (view.days * DAY)));

function placeAt(made, from, to) {
  made.style.left = `${100 * share(from)}%`;
  made.style.width = `${100 * (share(to) - share(from))}%`;
}

function drawNow() {
  const now = Date.now();
  const at = share(now);
  byId("clock").textContent = `${dayAndTime(now)} UTC`;
  byId("clock").dateTime = new Date(now).toISOString();
  for (const { water } of rows.values()) {
    const line = water.querySelector(".now-line");
    line.hidden = at <= 0 || at >= 1;
    line.style.left = `${100 * at}%`;
    water.querySelector(".past").style.width = `${100 * at}%`;
  }
}

function drawStays() {
  const end = view.from + view.days * DAY;
  const shown = new Map([...rows.keys()].map((berth) => [berth, []]));
  for (const stay of harbour.bookings.values()) {
    if (stay.to > view.from && stay.from < end) shown.get(stay.berth)?.push(stay);
  }
  for (const [berth, stays] of shown) {
    const row = rows.get(berth);
    const ids = new Set(stays.map((stay) => stay.id));
    for (const [id, made] of row.stays) {
      if (ids.has(id)) continue;
      row.stays.delete(id);
      if (made.contains(document.activeElement)) byId("chart").focus();
      made.classList.add("is-gone");
      made.disabled = true;
      setTimeout(() => made.remove(), 600);
    }
    // In the order of time, which is the order of the keyboard.
    stays.sort((one, other) => one.from - other.from);
    let before = row.water.querySelector(".now-line");
    for (const stay of stays) {
      let made = row.stays.get(stay.id);
      if (!made) {
        made = stayElement(stay);
        row.stays.set(stay.id, made);
      }
      if (before.nextElementSibling !== made) before.after(made);
      before = made;
    }
  }
}

function stayElement(stay) {
  const end = view.from + view.days * DAY;
  const times = `${shortTime(stay.from)} – ${shortTime(stay.to)}`;
  const made = element("button", { type: "button", className: "stay", title: `${stay.ship}\n${times}` },
    element("span", { className: "hull" }, element("b", {}, stay.ship), element("small", {}, times)));
  made.setAttribute("aria-label", `${stay.ship}, from ${dayAndTime(stay.from)} to ${dayAndTime(stay.to)}`);
  made.dataset.booking = stay.id;
  made.dataset.ship = stay.ship;
  placeAt(made, stay.from, stay.to);
  made.style.setProperty("--ship", `var(--ship-${hash(stay.ship) % 8})`);
  made.classList.toggle("is-before", stay.from < view.from);
  made.classList.toggle("is-after", stay.to > end);
  made.classList.toggle("is-over", stay.to < Date.now());
  const days = (Math.min(stay.to, end) - Math.max(stay.from, view.from)) / DAY;
  made.classList.toggle("is-short", days / view.days < 0.03);
  made.classList.toggle("is-new", stay.isNew === true);
  stay.isNew = false;
  return made;
}

function hash(text) {
  let value = 7;
  for (const letter of text) value = (value * 31 + letter.codePointAt(0)) >>> 0;
  return value;
}

function drawFigures() {
  const now = Date.now();
  const end = view.from + view.days * DAY;
  let inPort = 0, arriving = 0, sailing = 0, taken = 0;
  for (const { from, to } of harbour.bookings.values()) {
    if (from <= now && now < to) inPort += 1;
    if (from > now && from <= now + DAY) arriving += 1;
    if (to > now && to <= now + DAY) sailing += 1;
    taken += Math.max(0, Math.min(to, end) - Math.max(from, view.from));
  }
  const ratio = taken / (harbour.berths.length * view.days * DAY || 1);
  byId("in-port").textContent = inPort;
  byId("arriving").textContent = arriving;
  byId("sailing").textContent = sailing;
  byId("taken").textContent = `${Math.round(100 * ratio)}%`;
  byId("taken-meter").value = ratio;
}

// ---- The form, and its ghost in the plan.

function drawChoices() {
  const select = field("berth");
  const chosen = select.value;
  select.replaceChildren(...quays().map(([quay, berths]) =>
    element("optgroup", { label: quay }, ...berths.map((berth) =>
      element("option", { value: berth.id }, `Berth ${berth.number}: ${berth.length} m, ${berth.depth} m deep`)))));
  // What was chosen, or the first berth that would do.
  const { length, draught, from, to } = wanted();
  const fits = (berth) => length <= berth.length && draught + CLEARANCE <= berth.depth && isFree(berth, from, to);
  const berth = harbour.berths.find(({ id }) => String(id) === chosen) ?? harbour.berths.find(fits);
  if (berth) select.value = berth.id;
}

function wanted() {
  return {
    berth: harbour.berths.find((berth) => String(berth.id) === field("berth").value),
    ship: field("ship").value.trim(),
    length: field("length").valueAsNumber,
    draught: field("draught").valueAsNumber,
    from: fromField(field("arrives").value),
    to: fromField(field("departs").value),
  };
}

// The first reason for which the harbour would refuse, with the field that it is about.
function objection({ berth, ship, length, draught, from, to }) {
  if (!ship) return ["ship", "The ship needs a name."];
  if (!(length > 0)) return ["length", "The length is a number of metres above 0."];
  if (!(draught > 0)) return ["draught", "The draught is a number of metres above 0."];
  if (!berth) return ["berth", "Choose a berth."];
  if (Number.isNaN(from)) return ["arrives", "Say when the ship arrives."];
  if (Number.isNaN(to)) return ["departs", "Say when the ship departs."];
  if (to <= from) return ["departs", "The ship departs before it arrives."];
  return null;
}

function drawGhost() {
  document.querySelector(".ghost")?.remove();
  const { berth, length, draught, from, to } = wanted();
  const fit = byId("fit");
  let text = "", isBad = true;
  if (berth) {
    if (length > berth.length) text = `Too long: the berth has ${berth.length} m.`;
    else if (draught + CLEARANCE > berth.depth) text = `Too deep: the berth has ${berth.depth} m, and ${CLEARANCE} m stay free.`;
    else if (to > from && !isFree(berth, from, to)) text = "Taken for a part of that time.";
    else if (to > from) {
      const tide = draught + CLEARANCE > FAIRWAY ? ". She comes in with the tide" : "";
      [text, isBad] = [`Free, and the ship fits${tide}.`, false];
    }
    const ghost = element("span", { className: "ghost" });
    placeAt(ghost, from, to);
    if (to > from && share(from) < 1 && share(to) > 0) rows.get(berth.id)?.water.append(ghost);
  }
  fit.textContent = text;
  fit.classList.toggle("is-bad", isBad);
}

function say(place, isBad, name, text) {
  place.classList.toggle("is-bad", isBad);
  const sentence = (part) => part.charAt(0).toUpperCase() + part.slice(1);
  place.replaceChildren(...(name ? [element("b", {}, sentence(name))] : []), sentence(text));
}

// Sends a request. Gives why it was refused, or nothing. A refusal is a problem document.
async function refused(path, options) {
  try {
    const response = await fetch(path, options);
    if (response.ok) return null;
    const text = await response.text();
    try {
      const { title, detail, errors } = JSON.parse(text);
      return { name: title, text: detail, fields: (errors ?? []).map((error) => error.field) };
    } catch {
      return { name: `${response.status} ${response.statusText}`, text };
    }
  } catch {
    return { name: "no answer", text: "the harbour cannot be reached; it is safe to try again" };
  }
}

// One key for one wish: a request that is sent again because its answer was lost books once.
const wish = { text: "", key: "" };

function keyFor(body) {
  if (wish.text !== body) {
    const random = crypto.getRandomValues(new Uint8Array(16));
    wish.text = body;
    wish.key = [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  return wish.key;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  for (const one of form.elements) one.removeAttribute("aria-invalid");
  const want = wanted();
  const [name, reason] = objection(want) ?? [];
  if (name) {
    field(name).setAttribute("aria-invalid", "true");
    field(name).focus();
    return say(byId("answer"), true, "", reason);
  }
  const { berth, ship, length, draught, from, to } = want;
  const body = JSON.stringify({
    berth: berth.id, ship, length, draught,
    arrives: new Date(from).toISOString(), departs: new Date(to).toISOString(),
  });
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  const headers = { "content-type": "application/json", "idempotency-key": keyFor(body) };
  const why = await refused("/api/bookings", { method: "POST", headers, body });
  button.disabled = false;
  if (why) {
    why.fields?.forEach((name) => field(name)?.setAttribute("aria-invalid", "true"));
    return say(byId("answer"), true, why.name, why.text);
  }
  wish.text = "";
  say(byId("answer"), false, "Booked", `${ship} has ${berthName(berth)} from ${dayAndTime(from)}.`);
  field("ship").value = "";
});

form.addEventListener("input", draw);

// Drags along the water: whole hours, at least one.
byId("quays").addEventListener("pointerdown", (event) => {
  const row = event.target.closest(".berth");
  if (!event.target.classList.contains("water") || event.button !== 0) return;
  const water = event.target;
  const box = water.getBoundingClientRect();
  const hourAt = ({ clientX }) => {
    const part = Math.min(1, Math.max(0, (clientX - box.left) / box.width));
    return Math.round((view.from + part * view.days * DAY) / HOUR) * HOUR;
  };
  const begin = hourAt(event);
  field("berth").value = row.dataset.berth;
  const choose = (to) => {
    field("arrives").value = toField(Math.min(begin, to));
    field("departs").value = toField(Math.max(begin, to, Math.min(begin, to) + HOUR));
    draw();
  };
  const move = (moved) => choose(hourAt(moved));
  const end = (moved) => {
    water.removeEventListener("pointermove", move);
    if (moved.type === "pointerup" && hourAt(moved) === begin) choose(begin + DAY);
    field("ship").focus({ preventScroll: true });
  };
  choose(begin);
  water.setPointerCapture(event.pointerId);
  water.addEventListener("pointermove", move);
  water.addEventListener("pointerup", end, { once: true });
  water.addEventListener("pointercancel", end, { once: true });
});

// ---- One ship's dialog.

const dialog = byId("ship");

byId("quays").addEventListener("click", (event) => {
  const made = event.target.closest(".stay");
  const stay = made && [...harbour.bookings.values()].find(({ id }) => String(id) === made.dataset.booking);
  if (!stay) return;
  const berth = berthOf(stay);
  const facts = {
    Berth: berthName(berth),
    Arrives: `${dayAndTime(stay.from)} UTC`,
    Departs: `${dayAndTime(stay.to)} UTC`,
    Length: `${stay.length} m of ${berth?.length} m`,
    Draught: `${stay.draught} m of ${berth?.depth} m`,
    Booking: String(stay.id),
  };
  byId("ship-name").textContent = stay.ship;
  byId("ship-facts").replaceChildren(...Object.entries(facts).flatMap(([name, fact]) =>
    [element("dt", {}, name), element("dd", {}, fact)]));
  byId("ship-answer").replaceChildren();
  byId("cancel").disabled = false;
  dialog.dataset.booking = stay.id;
  dialog.showModal();
});

byId("cancel").addEventListener("click", async () => {
  byId("cancel").disabled = true;
  const why = await refused(`/api/bookings/${encodeURIComponent(dialog.dataset.booking)}`, { method: "DELETE" });
  byId("cancel").disabled = false;
  if (why) say(byId("ship-answer"), true, why.name, why.text);
  else dialog.close();
});

// ---- Changes.

function tell({ kind, booking }) {
  const isBooked = kind === "booked";
  const text = isBooked
    ? `${booking.ship} booked ${berthName(berthOf(booking))}, ${shortTime(Date.parse(booking.arrives))}.`
    : `${booking.ship} no longer comes to ${berthName(berthOf(booking))}.`;
  const changes = byId("changes");
  changes.prepend(element("li", { className: `is-${kind}` }, element("i", { ariaHidden: "true" }),
    element("span", {}, text, " ", element("time", {}, clockTime(Date.now())))));
  while (changes.children.length > 40) changes.lastElementChild.remove();
}

// ---- The feed. Its states: connecting, live, stale.

const feed = { socket: null, attempts: 0, timer: 0, lost: 0 };

function show(state, text) {
  document.body.dataset.feed = state;
  if (byId("feed-text").textContent !== text) byId("feed-text").textContent = text;
}

function connect() {
  clearTimeout(feed.timer);
  if (feed.socket) feed.socket.onclose = feed.socket.onmessage = null;
  feed.socket?.close();
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/feed`);
  feed.socket = socket;
  if (feed.lost) show("stale", `Stale since ${clockTime(feed.lost)}, connecting`);
  socket.onmessage = ({ data }) => receive(JSON.parse(data));
  socket.onclose = () => {
    feed.lost ||= Date.now();
    feed.attempts += 1;
    // Longer each time, and never all pages at once.
    const wait = Math.min(10e3, 250 * 2 ** feed.attempts) * (0.5 + Math.random() / 2);
    show("stale", `Stale since ${clockTime(feed.lost)}, connecting again soon`);
    feed.timer = setTimeout(connect, wait);
  };
}

function receive(message) {
  if (message.kind === "snapshot") {
    feed.attempts = 0;
    feed.lost = 0;
    const isSame = JSON.stringify(harbour.berths) === JSON.stringify(message.berths);
    harbour.berths = message.berths;
    harbour.bookings.clear();
    message.bookings.forEach(keep);
    // Who stands on a ship with the keyboard stays there when the connection was lost and is back.
    if (!isSame || rows.size === 0) drawRows();
    show("live", "Live");
    if (dialog.open && ![...harbour.bookings.keys()].some((id) => String(id) === dialog.dataset.booking)) dialog.close();
  } else if (message.kind === "booked") {
    keep(message.booking);
    const stay = harbour.bookings.get(message.booking.id);
    if (stay) stay.isNew = true;
    tell(message);
  } else if (message.kind === "cancelled") {
    harbour.bookings.delete(message.booking.id);
    tell(message);
  }
  draw();
}

byId("feed").addEventListener("click", connect);
window.addEventListener("online", connect);

// ---- Moving in time.

function moveTo(from) {
  view.from = from;
  drawDays();
}
byId("earlier").addEventListener("click", () => moveTo(view.from - Math.ceil(view.days / 2) * DAY));
byId("later").addEventListener("click", () => moveTo(view.from + Math.ceil(view.days / 2) * DAY));
byId("today").addEventListener("click", () => moveTo(midnight(Date.now()) - DAY));
byId("spans").addEventListener("change", (event) => {
  view.days = Number(event.target.value);
  drawDays();
});

const nextHour = Math.ceil(Date.now() / HOUR) * HOUR;
field("arrives").value = toField(nextHour + DAY);
field("departs").value = toField(nextHour + 2 * DAY);
drawDays();
setInterval(drawNow, 10e3);
connect();
