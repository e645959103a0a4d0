// What pages do beside being read: they follow the log, move through time and are worked with the keyboard.
// Everything can be read and done without this file.
"use strict";

const base = document.body.dataset.base;
const field = () => document.activeElement?.closest("input, textarea, select");

document.documentElement.classList.add("script");

// -- asking for a page anew -------------------------------------------------------------------------------------------

const asked = async (address) => {
  const answer = await fetch(address, { redirect: "follow" });
  if (answer.redirected) location.assign(answer.url);
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
};

// Take over what a newer rendering of the page says, part by part; leave alone what somebody is typing in.
const takeOver = (page, selector) => {
  for (const old of document.querySelectorAll(selector)) {
    const fresh = page.getElementById(old.id);
    if (!fresh || old.contains(field()) || old.querySelector("details[open]") || old.innerHTML === fresh.innerHTML) continue;
    const kept = document.activeElement?.closest("a[href]")?.getAttribute("href");
    const inside = old.contains(document.activeElement);
    const scrolled = [...old.querySelectorAll(".canvas")].map((one) => [one.scrollLeft, one.scrollTop]);
    old.replaceWith(fresh);
    fresh.querySelectorAll(".canvas").forEach((one, place) => scrolled[place] && one.scrollTo(...scrolled[place]));
    if (inside && kept) [...fresh.querySelectorAll("a[href]")].find((one) => one.getAttribute("href") === kept)?.focus();
  }
  select(selected);
};

// -- following the log ------------------------------------------------------------------------------------------------

let feed = null;
let lost = false;
let stale = false;
let busy = false;

const refresh = async () => {
  stale = true;
  if (busy) return;
  busy = true;
  while (stale && !inPast()) {
    stale = false;
    const begun = performance.now();
    try {
      const page = await asked(location.href);
      if (inPast()) break;
      takeOver(page, "[data-live]");
      follow(page);
    } catch (error) {
      console.warn(error.message);
    }
    // A page that takes long is asked for less often.
    await new Promise((done) => setTimeout(done, Math.max(500, 3 * (performance.now() - begun))));
  }
  busy = false;
};

const inPast = () => "past" in document.body.dataset;

const follow = (page) => {
  document.body.dataset.head = page.body.dataset.head;
  slider.max = slider.value = page.body.dataset.head;
  label.textContent = page.querySelector("[data-moment]").textContent;
};

const listen = () => {
  if (feed || inPast() || document.hidden) return;
  feed = new EventSource(`${base}/stream?after=${document.body.dataset.head}`);
  feed.addEventListener("moved", refresh);
  feed.addEventListener("open", () => lost && ((lost = false), refresh()));
  feed.addEventListener("error", () => {
    lost = true;
    label.textContent = "the daemon does not answer";
    if (feed?.readyState !== EventSource.CLOSED) return; // it tries again by itself
    feed = null;
    refresh(); // the session may be over: then this leads to the login
  });
};

const hush = () => {
  feed?.close();
  feed = null;
};

// -- what a JobRun prints ---------------------------------------------------------------------------------------------

let printer = null;

const print = () => {
  const log = document.querySelector("[data-log]");
  if (!log || printer || inPast()) return;
  log.scrollTop = log.scrollHeight;
  printer = new EventSource(log.dataset.log);
  printer.addEventListener("piece", (event) => {
    const piece = JSON.parse(event.data);
    const atEnd = log.scrollTop + log.clientHeight > log.scrollHeight - 40;
    log.append(piece.text);
    if (piece.text) document.querySelector("[data-log-empty]")?.remove();
    if (atEnd) log.scrollTop = log.scrollHeight;
    if (piece.complete) printer.close();
  });
};

// -- time -------------------------------------------------------------------------------------------------------------

const time = document.getElementById("time");
const slider = time?.querySelector("[data-slider]");
const label = time?.querySelector("[data-moment]");
let wished = null;
let moving = false;
let playing = null;

const address = (seq) => {
  const place = new URL(location.href);
  if (seq >= Number(slider.max)) place.searchParams.delete("at");
  else place.searchParams.set("at", seq);
  return place;
};

// Show the page as of an entry. While one moment is on its way only the newest wish is kept.
const show = async (seq) => {
  wished = Math.min(Math.max(0, seq), Number(slider.max));
  slider.value = wished;
  if (moving) return;
  moving = true;
  while (wished !== null) {
    const place = address(wished);
    wished = null;
    try {
      const page = await asked(place);
      history.replaceState(null, "", place);
      document.body.toggleAttribute("data-past", page.body.hasAttribute("data-past"));
      document.body.dataset.head = page.body.dataset.head;
      for (const id of ["top", "banner", "main"]) document.getElementById(id).replaceWith(page.getElementById(id));
      document.title = page.title;
      label.textContent = page.querySelector("[data-moment]").textContent;
      slider.max = page.body.dataset.head;
      time.querySelector(".now").href = page.querySelector("#time .now").href;
    } catch (error) {
      label.textContent = `entry ${slider.value}: it was not there`;
      console.warn(error.message);
    }
  }
  moving = false;
  printer?.close();
  printer = null;
  if (inPast()) hush();
  else listen();
  print();
};

const stop = () => {
  clearInterval(playing);
  playing = null;
  time.querySelector("[data-play]").textContent = "▶";
};

const play = () => {
  if (playing) return stop();
  if (!inPast()) show(0);
  time.querySelector("[data-play]").textContent = "❚❚";
  playing = setInterval(() => {
    if (moving) return;
    const head = Number(slider.max);
    const next = Number(slider.value) + Math.max(1, Math.ceil(head / 40));
    show(next);
    if (next >= head) stop();
  }, 300);
};

const step = (by) => show(Number(slider.value) + by);

if (time) {
  slider.addEventListener("input", () => {
    label.textContent = `entry ${slider.value} of ${slider.max}`;
    show(Number(slider.value));
  });
  time.addEventListener("submit", (event) => (event.preventDefault(), show(Number(slider.value))));
  time.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step], [data-play]");
    if (button) "play" in button.dataset ? play() : step(Number(button.dataset.step));
  });
}

// -- the keyboard -----------------------------------------------------------------------------------------------------

let selected = -1;

const rows = () => [...document.querySelectorAll("main tr[data-row]")];

const select = (place) => {
  const all = rows();
  selected = Math.min(place, all.length - 1);
  all.forEach((row, number) => row.classList.toggle("selected", number === selected));
};

const move = (by) => {
  select(Math.max(0, selected + by));
  rows()[selected]?.scrollIntoView({ block: "nearest" });
};

const keys = {
  j: () => move(1),
  k: () => move(-1),
  Enter: () => rows()[selected] && location.assign(rows()[selected].dataset.row),
  "/": () => document.querySelector("[data-search]")?.focus(),
  ",": () => step(-1),
  ".": () => step(1),
  p: play,
  n: () => inPast() && show(Number(slider.max)),
  "?": () => document.getElementById("keys")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.activeElement?.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || field() || !(event.key in keys)) return;
  if (event.key === "Enter" && document.activeElement?.closest("a, button, summary")) return;
  event.preventDefault();
  keys[event.key]();
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-row]");
  if (row && !event.target.closest("a, button, code") && !getSelection().toString()) location.assign(row.dataset.row);
});

document.addEventListener("visibilitychange", () => (document.hidden ? hush() : (listen(), refresh())));
window.addEventListener("pagehide", hush);

if (time) {
  listen();
  print();
}
