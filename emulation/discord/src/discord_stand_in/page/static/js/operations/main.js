/** The operations page: connects the live updates with the panels. */

import { byId, h, whenReleased } from "/js/dom.js";
import { get } from "/js/control-api.js";
import { LiveUpdates } from "/js/live-updates.js";
import { duration, exactTime } from "/js/time.js";
import { ChaosPanel } from "/js/operations/chaos-panel.js";
import { Charts } from "/js/operations/charts.js";
import { ExperimentsPanel } from "/js/operations/experiments-panel.js";
import { FleetPanel } from "/js/operations/fleet-panel.js";
import { InteractionTimelines, quantile } from "/js/operations/interaction-timelines.js";
import { PartsPanel } from "/js/operations/parts-panel.js";
import { SettingsPanel } from "/js/operations/settings-panel.js";
import { TimelineTable } from "/js/operations/timeline-table.js";

const MAX_CALLS = 80;
const REDRAW_MS = 2000;
const DEADLINE_MS = 3000;

const users = new Map();
const timelines = new InteractionTimelines();
const table = new TimelineTable(timelines, (id) => users.get(id) ?? `…${id.slice(-6)}`);
const charts = new Charts(timelines);
const chaos = new ChaosPanel();
const experiments = new ExperimentsPanel();
const settings = new SettingsPanel();
const fleet = new FleetPanel(timelines);
const parts = new PartsPanel();
let calls = { total: 0, limited: 0, failed: 0 };
/** Interactions before those that the page knows, and how many of them failed. */
let older = { interactions: 0, failed: 0 };
let isQueued = false;
/** What was reported since series and notes are being loaded; null while they are not. */
let loading = null;

/** Draw in the next frame everything that depends on the timelines. */
function refresh() {
  if (isQueued) return;
  isQueued = true;
  requestAnimationFrame(() =>
    whenReleased(() => {
      isQueued = false;
      table.draw();
      charts.draw();
      fleet.draw();
      drawNumbers();
    }),
  );
}

function drawNumbers() {
  const all = timelines.all.filter((timeline) => timeline.summary.type !== 4);
  const answers = all.filter((timeline) => !timeline.failed).map((timeline) => timeline.elapsedUntil("answered", "deferred"));
  const pictures = all.map((timeline) => timeline.untilPictures);
  const total = older.interactions + all.length;
  const failed = older.failed + all.filter((timeline) => timeline.failed).length;
  const { waiting, working } = timelines.inFlight(Date.now());
  const slow = quantile(answers, 0.95);
  const durationOrDash = (ms) => (ms === undefined ? "–" : duration(ms));
  const lastMinute = all.filter((timeline) => Date.now() - timeline.startedAt < 60_000).length;
  byId("numbers").replaceChildren(
    number("Interactions", total, `${lastMinute} in the last minute`),
    number("First answer", durationOrDash(quantile(answers, 0.5)), `95 % within ${durationOrDash(slow)} of 3 s`, slow > DEADLINE_MS * 0.8 ? "warn" : ""),
    number("Time to pictures", durationOrDash(quantile(pictures, 0.5)), `95 % within ${durationOrDash(quantile(pictures, 0.95))}`),
    number("In flight", waiting + working, `${waiting} waiting · ${working} being drawn`),
    number("Failed", failed, total ? `${((failed / total) * 100).toFixed(failed ? 1 : 0)} % of interactions` : "none yet", failed ? "bad" : ""),
    number("API calls", calls.total, `${calls.limited} rate-limited · ${calls.failed} failed`, calls.failed ? "warn" : ""),
  );
}

function number(title, value, note, tone = "") {
  return h("li", { class: `card number ${tone}` }, h("span", { class: "number-title" }, title), h("span", { class: "number-value" }, String(value)), h("span", { class: "number-note" }, note));
}

function drawEndpoint({ url, removed_because: reason }) {
  byId("endpoint").replaceChildren(h("i", { class: url ? "dot good" : "dot bad", "aria-hidden": "true" }), url ? h("code", {}, url) : reason ? `Endpoint removed: ${reason}` : "No interactions endpoint URL");
}

function addCall(data) {
  calls.total += 1;
  if (data.status === 429) calls.limited += 1;
  else if (data.status >= 400) calls.failed += 1;
  showCall(data);
}

function resetCalls({ newest, ...counts }, startedAt) {
  calls = counts;
  byId("traffic").replaceChildren();
  byId("no-traffic").hidden = newest.length > 0;
  byId("since").textContent = `Counted since ${exactTime(new Date(startedAt))}, when the stand-in started or was reset.`;
  for (const call of newest) showCall(call);
}

function showCall(data) {
  const tone = data.status >= 500 || data.status === 401 ? "bad" : data.status >= 400 ? "warn" : "good";
  const body = byId("traffic");
  body.prepend(h("tr", {}, h("td", { class: "time" }, exactTime(new Date(data.at))), h("td", { class: "call" }, h("b", {}, data.method), " ", h("code", {}, data.path.replace("/api/v10", ""))), h("td", {}, h("span", { class: `outcome ${tone}` }, String(data.status))), h("td", { class: "num" }, duration(data.took_ms))));
  while (body.children.length > MAX_CALLS) body.lastElementChild.remove();
  byId("no-traffic").hidden = true;
  byId("traffic-sum").textContent = `${calls.total} since the start`;
}

/** Load what the snapshot does not hold; what is reported meanwhile is added to that. */
async function loadSeries() {
  const reported = (loading = []);
  const [series, notes] = await Promise.all([get("/control/series").catch(() => ({})), get("/control/notes").catch(() => [])]);
  if (reported !== loading) return;
  loading = null;
  charts.reset(series);
  fleet.reset(notes);
  for (const add of reported) add();
  refresh();
}

function whenLoaded(add) {
  if (loading) loading.push(add);
  else add();
}

function forget({ interaction_id: id }) {
  const timeline = timelines.remove(id);
  if (!timeline || timeline.summary.type === 4) return;
  older.interactions += 1;
  older.failed += Number(timeline.failed);
}

const HANDLERS = {
  interaction: ({ interaction }) => timelines.update(interaction),
  interaction_forgotten: forget,
  timeline: (data) => timelines.add(data),
  chaos: (data) => chaos.draw(data),
  experiments: (data) => whenReleased(() => experiments.draw(data)),
  probe: (data) => settings.showProbe(data),
  endpoint: drawEndpoint,
  request: addCall,
  log: (data) => table.addToLog(data),
  fleet: (data) => fleet.set(data.fleet),
  series: (data) => whenLoaded(() => charts.add(data)),
  note: ({ note }) => whenLoaded(() => fleet.add(note)),
};

const updates = new LiveUpdates({
  onSnapshot: (snapshot) => {
    users.clear();
    for (const user of snapshot.directory.users) users.set(user.id, user.global_name || user.username);
    timelines.reset(snapshot.interactions);
    document.title = `Operations · ${snapshot.checkout} · stand-in for Discord`;
    older = snapshot.older;
    resetCalls(snapshot.api_calls, snapshot.started_at);
    fleet.set(snapshot.fleet);
    table.reset();
    chaos.draw(snapshot.chaos);
    experiments.draw(snapshot.experiments);
    settings.draw(snapshot);
    drawEndpoint(snapshot.endpoint);
    loadSeries();
    refresh();
    // Once that is drawn: what moves between the press and the release of a button is not clicked.
    requestAnimationFrame(() => (byId("main").inert = false));
  },
  onStatus: (status) => {
    byId("live").textContent = status === "live" ? "live" : "connection lost, trying again…";
    byId("live").classList.toggle("lost", status !== "live");
  },
  onEvent: (name, data) => {
    const handle = HANDLERS[name];
    if (!handle) return;
    handle(data);
    refresh();
  },
});

// Escape closes the row that was opened last.
document.addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && table.closeLast());
parts.start();
setInterval(() => !document.hidden && refresh(), REDRAW_MS);
updates.start();
