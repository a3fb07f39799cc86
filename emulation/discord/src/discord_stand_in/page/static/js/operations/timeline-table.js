/** The table of interactions: a bar for each, and its events when it is opened. */

import { byId, h, icon, whenReleased } from "/js/dom.js";
import { ApiError, get, send } from "/js/control-api.js";
import { duration, exactTime } from "/js/time.js";
import { LEGEND, describe } from "/js/operations/interaction-timelines.js";

const MAX_ROWS = 60;
const DEADLINE_MS = 3000;
const MIN_SCALE_MS = 1000;
const OUTCOMES = { answered: "good", deferred: "calm", pending: "calm", timeout: "bad", error: "bad", failed: "bad", pictures: "good", waiting: "calm", drawing: "calm", preparing: "calm" };
const BAD_LEVELS = ["ERROR", "CRITICAL"];

/** `timelines`: the interactions; `userName(id)` gives a user's name. */
export class TimelineTable {
  #timelines;
  #userName;
  #rows = new Map();
  #open = new Set();
  #logs = new Map();
  #scale = MIN_SCALE_MS;

  constructor(timelines, userName) {
    this.#timelines = timelines;
    this.#userName = userName;
    byId("legend").append(...LEGEND.map(([kind, label]) => h("li", {}, h("i", { class: `swatch k-${kind}`, "aria-hidden": "true" }), label)));
    byId("same-scale").addEventListener("change", () => this.draw());
  }

  draw() {
    const shown = this.#timelines.newest(MAX_ROWS);
    const same = byId("same-scale").checked;
    this.#scale = Math.max(MIN_SCALE_MS, ...shown.map((timeline) => timeline.total)) * 1.02;
    this.#drawAxis(same);
    byId("no-timelines").hidden = shown.length > 0;
    const body = byId("timelines");
    const nodes = shown.flatMap((timeline) => this.#row(timeline, same));
    const wanted = new Set(nodes);
    for (const child of [...body.children]) if (!wanted.has(child)) child.remove();
    nodes.forEach((node, index) => body.children[index] !== node && body.insertBefore(node, body.children[index] ?? null));
  }

  #drawAxis(same) {
    const axis = byId("axis");
    if (!same) {
      axis.replaceChildren("Path, each on its own scale");
      return;
    }
    const step = axisStep(this.#scale / 4);
    const ticks = [];
    for (let at = 0; at <= this.#scale; at += step) ticks.push(place(h("span", { class: "tick" }, at ? duration(at).replace(/(\.\d*?)0+ s/, "$1 s").replace(". s", " s") : "0"), at / this.#scale));
    axis.replaceChildren(h("span", { class: "visually-hidden" }, "Path"), h("span", { class: "ticks", "aria-hidden": "true" }, ticks));
  }

  #row(timeline, same) {
    const key = `${timeline.events.length}|${timeline.total}|${timeline.summary.outcome}|${this.#logs.get(timeline.id)?.length}|${same ? this.#scale : 0}|${this.#open.has(timeline.id)}`;
    const kept = this.#rows.get(timeline.id);
    if (kept?.key === key) return kept.nodes;
    const focused = kept ? buttonsOf(kept.nodes).indexOf(document.activeElement) : -1;
    const nodes = [this.#summary(timeline, same)];
    if (this.#open.has(timeline.id)) nodes.push(this.#details(timeline));
    this.#rows.set(timeline.id, { key, nodes });
    // The old row is removed when the table is updated; the focus moves to the same button of the new one.
    if (focused >= 0) queueMicrotask(() => buttonsOf(nodes).at(focused)?.focus());
    return nodes;
  }

  #summary(timeline, same) {
    const outcome = this.#outcome(timeline);
    const open = this.#open.has(timeline.id);
    const button = h("button", { type: "button", class: "row-button", "aria-expanded": String(open), on: { click: () => this.#toggle(timeline) } }, icon(open ? "down" : "right"), h("b", {}, timeline.name), h("span", { class: "kind" }, timeline.kind));
    return h("tr", { class: ["timeline-row", open && "open", timeline.failed && "failed"].filter(Boolean).join(" "), data: { id: timeline.id } },
      h("td", { class: "time" }, exactTime(new Date(timeline.startedAt))),
      h("td", {}, this.#userName(timeline.summary.user_id)),
      h("td", { class: "what" }, button, timeline.optionsText && h("span", { class: "options-text", title: timeline.optionsText }, timeline.optionsText)),
      h("td", { class: "bar-cell" }, this.#bar(timeline, same ? this.#scale : Math.max(timeline.total, 1) * 1.02)),
      h("td", { class: "num" }, duration(timeline.total)),
      h("td", {}, h("span", { class: `outcome ${OUTCOMES[outcome] ?? "calm"}` }, outcome)));
  }

  #outcome(timeline) {
    if (timeline.failed) return timeline.summary.outcome === "answered" || timeline.summary.outcome === "deferred" ? "failed" : timeline.summary.outcome;
    if (timeline.untilPictures !== undefined) return "pictures";
    return timeline.isReported && timeline.activity && timeline.activity !== "over" ? timeline.activity : timeline.summary.outcome;
  }

  #bar(timeline, scale) {
    const description = timeline.segments.map((segment) => `${segment.label} ${duration(segment.to - segment.from)}`).join(", ");
    const bar = h("div", { class: "bar", role: "img", "aria-label": description || "no events yet" });
    for (const segment of timeline.segments) {
      const part = place(h("i", { class: `seg k-${segment.kind}`, title: `${segment.label}: ${duration(segment.to - segment.from)}` }), segment.from / scale);
      part.style.width = `max(2px, ${((segment.to - segment.from) / scale) * 100}%)`;
      bar.append(part);
    }
    if (DEADLINE_MS < scale) bar.append(place(h("i", { class: "deadline", title: "3 s: the first answer is due" }), DEADLINE_MS / scale));
    return bar;
  }

  #details(timeline) {
    const error = h("p", { class: "form-error", role: "alert" });
    const actionButton = (name, action) => h("button", { type: "button", class: "button secondary", on: { click: async () => {
      error.textContent = "";
      try {
        await send("POST", `/control/interactions/${timeline.id}/${action}`, {});
      } catch (problem) {
        if (!(problem instanceof ApiError)) throw problem;
        error.textContent = problem.message;
      }
    } } }, name);
    let before = 0;
    const events = timeline.events.map((event) => {
      const { label, kind } = describe(event.name);
      const row = h("li", {},
        h("i", { class: `swatch k-${kind}`, "aria-hidden": "true" }),
        h("code", {}, event.name), h("span", { class: "event-label" }, label),
        h("span", { class: "num" }, event.elapsed_ms > before ? `+${duration(event.elapsed_ms - before)}`.replace("+<", "<") : ""),
        h("span", { class: "num muted" }, `at ${duration(event.elapsed_ms)}`),
        event.detail && h("span", { class: "detail" }, detailText(event.detail)));
      before = event.elapsed_ms;
      return row;
    });
    const { worker } = timeline;
    const { error: problem } = timeline.summary;
    return h("tr", { class: "details" }, h("td", { colspan: "6" }, h("div", { class: "details-box" },
      h("ol", { class: "events", "aria-label": "Events" }, events),
      this.#log(timeline),
      h("div", { class: "details-side" },
        problem && h("p", { class: "form-error" }, problem),
        worker?.task && h("p", {}, "Worked on by task ", h("code", {}, worker.task), worker.instance && [" on instance ", h("code", {}, worker.instance)]),
        h("p", { class: "muted" }, "Interaction ", h("code", {}, timeline.id)),
        h("p", { class: "muted" }, `${timeline.summary.deliveries} ${timeline.summary.deliveries === 1 ? "delivery" : "deliveries"}`),
        h("div", { class: "actions" }, actionButton("Deliver again", "redeliver"), actionButton("Expire its token", "expire")), error))));
  }

  /** What the parts logged about it, errors with their tracebacks. */
  #log(timeline) {
    const lines = this.#logs.get(timeline.id) ?? [];
    const row = ({ at, source, level, text, trace }) =>
      h("li", { class: BAD_LEVELS.includes(level) ? "bad" : level === "WARNING" ? "warn" : "" },
        h("span", { class: "time" }, exactTime(new Date(at))), h("code", { class: "log-source" }, source), h("span", { class: "log-text" }, text),
        trace && h("pre", { class: "log-trace", tabindex: "0", role: "region", "aria-label": "Traceback" }, trace));
    return h("section", { class: "log", "aria-label": "Log" }, h("h3", {}, "Log"),
      lines.length ? h("ol", {}, lines.map(row)) : h("p", { class: "muted" }, "No part of the stack has logged anything about it."));
  }

  /** Add new lines to the log of an interaction, if it was opened before; one that it has already is not added twice. */
  addToLog({ interaction_id: id, lines }) {
    const known = this.#logs.get(id);
    if (!known) return;
    const texts = new Set(known.map((line) => JSON.stringify(line)));
    const fresh = lines.filter((line) => !texts.has(JSON.stringify(line)));
    this.#logs.set(id, [...known, ...fresh].sort((a, b) => a.at.localeCompare(b.at)));
  }

  /** Forget what was loaded of the logs, after a reset. */
  reset() {
    this.#logs.clear();
    for (const id of this.#open) this.#loadLog(id);
  }

  /** Close the row that was opened last, and focus it. */
  closeLast() {
    const id = [...this.#open].at(-1);
    if (!id) return;
    this.#open.delete(id);
    this.draw();
    byId("timelines").querySelector(`[data-id="${CSS.escape(id)}"] button`)?.focus();
  }

  async #loadLog(id) {
    this.#logs.set(id, []);
    // Lines that are logged meanwhile are there already.
    this.addToLog({ interaction_id: id, lines: await get(`/control/logs/${id}`).catch(() => []) });
    whenReleased(() => this.draw());
  }

  #toggle(timeline) {
    if (!this.#open.delete(timeline.id)) {
      this.#open.add(timeline.id);
      this.#loadLog(timeline.id);
    }
    this.draw();
  }
}

const buttonsOf = (rows) => rows.flatMap((row) => [...row.querySelectorAll("button")]);

/** Position an element at a fraction of its container's width. */
function place(element, fraction) {
  element.style.left = `${fraction * 100}%`;
  return element;
}

/** A round step of an axis, at least as large as `rough`. */
function axisStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}

const detailText = (detail) => Object.entries(detail).map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(" · ");
