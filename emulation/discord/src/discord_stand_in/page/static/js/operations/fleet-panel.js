/** The fleet panel: its tasks and instances with what they do, and notes of what has changed, newest first. */

import { byId, h } from "/js/dom.js";
import { exactTime } from "/js/time.js";

const MAX_ROWS = 100;
const MAX_STOPPED = 3;
const SHORT_ID = 8;
const TASK_TONES = { RUNNING: "good", STOPPED: "bad" };

/** Patterns of a note's text, and the class of the dot before it. */
const TONES = [
  [/\n.*Error\b|^\[ERROR\]/s, "bad"],
  [/RUNNING|InService|joined/, "good"],
  [/Spot|failed|draining/, "warn"],
];

/** Lists of tasks and instances, and a table of notes; hidden until something is known. `timelines`: the interactions. */
export class FleetPanel {
  #timelines;
  #known = new Set();
  #fleet = { tasks: [], instances: [] };

  constructor(timelines) {
    this.#timelines = timelines;
  }

  /** Replace the notes: [{text, at}, ...], oldest first. */
  reset(notes) {
    this.#known.clear();
    byId("notes").replaceChildren();
    for (const note of notes) this.add(note);
  }

  /** Add a note; one that was loaded already is not added twice. */
  add({ text, at }) {
    const key = `${at}|${text}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    const tone = TONES.find(([pattern]) => pattern.test(text))?.[1] ?? "";
    const body = byId("notes");
    body.prepend(h("tr", {}, h("td", { class: "time" }, exactTime(new Date(at))), h("td", { class: tone === "bad" ? "trace" : "" }, h("i", { class: `dot ${tone}`, "aria-hidden": "true" }), ` ${text}`)));
    while (body.children.length > MAX_ROWS) body.lastElementChild.remove();
    byId("fleet").hidden = false;
    byId("fleet-sum").textContent = `${this.#known.size} changes`;
  }

  /** Take what is known of the fleet now. */
  set(fleet) {
    this.#fleet = fleet;
  }

  /** Draw the lists; what the tasks do comes from the timelines. */
  draw() {
    const { tasks, instances } = this.#fleet;
    byId("machines").hidden = !tasks.length && !instances.length;
    const stopped = tasks.filter(({ status }) => status === "STOPPED").slice(-MAX_STOPPED);
    const shown = [...tasks.filter(({ status }) => status !== "STOPPED"), ...stopped];
    byId("tasks").replaceChildren(...rows(shown.map((task) => this.#task(task)), "No task runs or starts."));
    byId("instances").replaceChildren(...rows(instances.map((instance) => this.#instance(instance)), "There is no instance."));
  }

  #task({ id, status, instance, reason }) {
    const jobs = status === "RUNNING" ? this.#timelines.workOf(id) : [];
    const work = jobs.map((job) => `${job.activity} ${job.name} ${job.optionsText}`.trim()).join("; ");
    const doing = work || (status === "RUNNING" ? "waits for jobs" : reason || "");
    return row(id.slice(0, SHORT_ID), status.toLowerCase(), TASK_TONES[status], doing, instance ? `on ${instance}` : "");
  }

  #instance({ id, status, type, spot, joined, draining }) {
    const running = this.#fleet.tasks.filter((task) => task.instance === id && task.status !== "STOPPED").map((task) => task.id.slice(0, SHORT_ID));
    const doing = running.length ? `runs ${running.join(", ")}` : joined ? "runs no task" : "has not joined the cluster";
    return row(id, draining ? "draining" : status, status === "InService" && !draining ? "good" : "", doing, [type, spot && "Spot"].filter(Boolean).join(", "));
  }
}

const rows = (found, empty) => (found.length ? found : [h("li", { class: "muted" }, empty)]);

function row(id, status, tone, doing, note) {
  return h("li", { class: "machine" }, h("code", {}, id), h("span", { class: `outcome ${tone ?? ""}` }, status), h("span", { class: "machine-work" }, doing), h("span", { class: "muted" }, note));
}
