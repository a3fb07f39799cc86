/** The timelines: one bar per interaction, and its events when it is opened. */

import { byId, h, icon } from "/js/dom.js";
import { ApiError, send } from "/js/control-api.js";
import { duration, exactTime } from "/js/time.js";
import { LEGEND, phaseOf } from "/js/operations/interaction-timelines.js";

const SHOWN = 60;
const DEADLINE_MS = 3000;
const LEAST_SCALE_MS = 1000;
const OUTCOMES = { answered: "good", deferred: "calm", pending: "calm", timeout: "bad", error: "bad" };

/** `paths`: the model; `users`: names by id. */
export class Timelines {
  #paths;
  #names;
  #rows = new Map();
  #open = new Set();
  #scale = LEAST_SCALE_MS;

  constructor(paths, names) {
    this.#paths = paths;
    this.#names = names;
    byId("legend").append(...LEGEND.map(([kind, label]) => h("li", {}, h("i", { class: `swatch k-${kind}`, "aria-hidden": "true" }), label)));
    byId("same-scale").addEventListener("change", () => this.draw());
  }

  draw() {
    const shown = this.#paths.shown(SHOWN);
    const same = byId("same-scale").checked;
    this.#scale = Math.max(LEAST_SCALE_MS, ...shown.map((path) => path.total)) * 1.02;
    this.#drawAxis(same);
    byId("no-timelines").hidden = shown.length > 0;
    const body = byId("timelines");
    const nodes = shown.flatMap((path) => this.#row(path, same));
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
    const step = niceStep(this.#scale / 4);
    const ticks = [];
    for (let at = 0; at <= this.#scale; at += step) ticks.push(place(h("span", { class: "tick" }, at ? duration(at).replace(/(\.\d*?)0+ s/, "$1 s").replace(". s", " s") : "0"), at / this.#scale));
    axis.replaceChildren(h("span", { class: "visually-hidden" }, "Path"), h("span", { class: "ticks", "aria-hidden": "true" }, ticks));
  }

  #row(path, same) {
    const key = `${path.events.length}|${path.total}|${path.summary.outcome}|${same ? this.#scale : 0}|${this.#open.has(path.id)}`;
    const kept = this.#rows.get(path.id);
    if (kept?.key === key) return kept.nodes;
    const focused = kept?.nodes[0].contains(document.activeElement);
    const nodes = [this.#summary(path, same)];
    if (this.#open.has(path.id)) nodes.push(this.#details(path));
    this.#rows.set(path.id, { key, nodes });
    // The old row leaves with the next arrangement; the focus stays with the interaction.
    if (focused) queueMicrotask(() => nodes[0].querySelector("button")?.focus());
    return nodes;
  }

  #summary(path, same) {
    const { outcome } = path.summary;
    const open = this.#open.has(path.id);
    const button = h("button", { type: "button", class: "row-button", "aria-expanded": String(open), on: { click: () => this.#toggle(path) } }, icon(open ? "down" : "right"), h("b", {}, path.name), h("span", { class: "kind" }, path.kind));
    return h("tr", { class: open ? "path open" : "path", data: { id: path.id } },
      h("td", { class: "time" }, exactTime(new Date(path.startedAt))),
      h("td", {}, this.#names(path.summary.user_id)),
      h("td", { class: "what" }, button, path.gist && h("span", { class: "gist", title: path.gist }, path.gist)),
      h("td", { class: "bar-cell" }, this.#bar(path, same ? this.#scale : Math.max(path.total, 1) * 1.02)),
      h("td", { class: "num" }, duration(path.total)),
      h("td", {}, h("span", { class: `outcome ${OUTCOMES[outcome] ?? "calm"}` }, this.#outcome(path))));
  }

  #outcome(path) {
    if (path.until("done", "uploaded") !== undefined) return "pictures";
    return path.summary.outcome;
  }

  #bar(path, scale) {
    const words = path.segments.map((one) => `${one.label} ${duration(one.to - one.from)}`).join(", ");
    const bar = h("div", { class: "bar", role: "img", "aria-label": words || "no events yet" });
    for (const one of path.segments) {
      const part = place(h("i", { class: `seg k-${one.kind}`, title: `${one.label}: ${duration(one.to - one.from)}` }), one.from / scale);
      part.style.width = `max(2px, ${((one.to - one.from) / scale) * 100}%)`;
      bar.append(part);
    }
    if (DEADLINE_MS < scale) bar.append(place(h("i", { class: "deadline", title: "3 s: the first answer is due" }), DEADLINE_MS / scale));
    return bar;
  }

  #details(path) {
    const error = h("p", { class: "form-error", role: "alert" });
    const act = (name, what) => h("button", { type: "button", class: "button secondary", on: { click: async () => {
      error.textContent = "";
      try {
        await send("POST", `/control/interactions/${path.id}/${what}`, {});
      } catch (problem) {
        if (!(problem instanceof ApiError)) throw problem;
        error.textContent = problem.message;
      }
    } } }, name);
    let before = 0;
    const events = path.events.map((event) => {
      const { label, kind } = phaseOf(event.name);
      const row = h("li", {},
        h("i", { class: `swatch k-${kind}`, "aria-hidden": "true" }),
        h("code", {}, event.name), h("span", { class: "event-label" }, label),
        h("span", { class: "num" }, event.elapsed_ms > before ? `+${duration(event.elapsed_ms - before)}`.replace("+<", "<") : ""),
        h("span", { class: "num muted" }, `at ${duration(event.elapsed_ms)}`),
        event.detail && h("span", { class: "detail" }, inWords(event.detail)));
      before = event.elapsed_ms;
      return row;
    });
    const { error: problem } = path.summary;
    return h("tr", { class: "details" }, h("td", { colspan: "6" }, h("div", { class: "details-box" },
      h("ol", { class: "events", "aria-label": "Events" }, events),
      h("div", { class: "details-side" },
        problem && h("p", { class: "form-error" }, problem),
        h("p", { class: "muted" }, "Interaction ", h("code", {}, path.id)),
        h("p", { class: "muted" }, `${path.summary.deliveries} ${path.summary.deliveries === 1 ? "delivery" : "deliveries"}`),
        h("div", { class: "actions" }, act("Deliver again", "redeliver"), act("Expire its token", "expire")), error))));
  }

  #toggle(path) {
    if (!this.#open.delete(path.id)) this.#open.add(path.id);
    this.draw();
  }
}

function place(element, fraction) {
  element.style.left = `${fraction * 100}%`;
  return element;
}

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}

const inWords = (detail) => Object.entries(detail).map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(" · ");
