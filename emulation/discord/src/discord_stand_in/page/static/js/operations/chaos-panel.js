/** The chaos panel: switches for faults of Discord and of the network. */

import { announce, byId, h } from "/js/dom.js";
import { send } from "/js/control-api.js";

const secondsField = (label, value) => ({ name: "seconds", label, value, step: "0.1" });

/** Each fault: name, title, description, and the fields that it has beside its probability. */
const FAULTS = [
  ["rate_limited", "429 storms", "API calls are refused with Retry-After", [secondsField("retry after, s", 1)]],
  ["server_error", "Server errors", "API calls fail with a 5xx", [{ name: "status", label: "status", value: 503, step: "1", min: 500, max: 599 }]],
  ["slow", "Slow answers", "API calls take longer", [secondsField("delay, s", 1)]],
  ["dropped", "Dropped connections", "API calls are cut off, acted upon or not", [{ name: "when", label: "cut", value: "before", choices: ["before", "after"] }]],
  ["duplicates", "Duplicate deliveries", "Interactions are delivered twice", []],
  ["reordered", "Out of order", "Interactions are delivered late", [secondsField("delay, s", 1)]],
  ["clock_skew", "Clock skew", "Signed timestamps are off", [{ ...secondsField("by, s", 600), min: -86400 }]],
  ["early_404", "Early 404", "Follow-ups get 10015 right after the answer", [secondsField("for, s", 1)]],
];

/** The fields of a fault that the page has no inputs for. */
const OTHER_FIELDS = ["path", "count", "scope"];

/** Switches for the chaos API; every change replaces the whole plan. */
export class ChaosPanel {
  #rows = new Map();
  /** How many changes of the user the stand-in has not answered. */
  #unanswered = 0;
  #sent = Promise.resolve();

  constructor() {
    byId("faults").append(...FAULTS.map((fault) => this.#row(...fault)));
    byId("all-faults-off").addEventListener("click", () => {
      for (const row of this.#rows.values()) row.toggle.checked = false;
      this.#apply();
    });
  }

  /** Show the faults that the stand-in has switched on, once it has those that the user has chosen. */
  draw({ faults }) {
    if (this.#unanswered) return;
    for (const [name, row] of this.#rows) {
      const fault = faults[name];
      const isOn = Boolean(fault && !fault.over);
      row.toggle.checked = isOn;
      row.element.classList.toggle("on", isOn);
      // The page has no inputs for these fields and sends them back unchanged.
      row.otherFields = fault ? Object.fromEntries(OTHER_FIELDS.map((key) => [key, fault[key]])) : {};
      row.hits.textContent = fault ? `${fault.hits} ${fault.hits === 1 ? "hit" : "hits"}` : "";
      if (!fault || row.element.contains(document.activeElement)) continue;
      row.probability.value = Math.round(fault.probability * 100);
      for (const [key, input] of Object.entries(row.inputs)) input.value = fault[key];
      row.duration.value = fault.duration_seconds ?? "";
    }
  }

  #row(name, title, description, fields) {
    const change = () => this.#rows.get(name).toggle.checked && this.#apply();
    const toggle = h("input", { type: "checkbox", role: "switch", class: "switch", id: `fault-${name}`, "aria-describedby": `fault-${name}-text`, on: { change: () => this.#apply() } });
    const inputs = Object.fromEntries(fields.map((spec) => [spec.name, field(spec, change)]));
    const probability = field({ value: 100, step: "1", min: 0, max: 100 }, change);
    const duration = field({ value: "", step: "1", min: 1 }, change);
    const hits = h("span", { class: "hits" });
    const label = (text, input) => h("label", {}, text, input);
    const element = h("li", { class: "fault", data: { fault: name } },
      h("div", { class: "fault-head" }, h("label", { for: `fault-${name}`, class: "fault-name" }, title), hits, toggle),
      h("p", { class: "muted", id: `fault-${name}-text` }, description),
      h("div", { class: "fault-numbers", role: "group", "aria-label": `${title}: settings` }, label("odds, %", probability), fields.map((spec) => label(spec.label, inputs[spec.name])), label("ends after, s", duration)));
    this.#rows.set(name, { element, toggle, inputs, probability, duration, hits, otherFields: {} });
    return element;
  }

  /** Send the switches as they are now; one plan after the other, because two requests can overtake each other. */
  #apply() {
    const faults = this.#chosen();
    this.#unanswered += 1;
    this.#sent = this.#sent.then(() => this.#put(faults));
  }

  #chosen() {
    const faults = {};
    for (const [name, row] of this.#rows) {
      if (!row.toggle.checked) continue;
      const fault = { ...row.otherFields, probability: Number(row.probability.value) / 100 };
      for (const [key, input] of Object.entries(row.inputs)) fault[key] = input.tagName === "SELECT" ? input.value : Number(input.value);
      if (row.duration.value) fault.duration_seconds = Number(row.duration.value);
      faults[name] = fault;
    }
    return faults;
  }

  async #put(faults) {
    const answer = await send("PUT", "/control/chaos", { faults }).catch((error) => ({ problem: error.message }));
    this.#unanswered -= 1;
    byId("chaos-error").textContent = answer.problem ?? "";
    if (answer.problem) return;
    this.draw(answer);
    announce(Object.keys(faults).length ? `${Object.keys(faults).length} faults on` : "All faults off");
  }
}

function field({ value, step, min = 0, max, choices }, change) {
  if (choices) return h("select", { class: "small-field", on: { change } }, choices.map((choice) => h("option", { value: choice }, choice)));
  return h("input", { type: "number", class: "small-field", step, min, max, value, on: { change } });
}
