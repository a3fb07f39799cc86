/** The settings panel: rate limits, signature probes and the recorder. */

import { byId, h } from "/js/dom.js";
import { send } from "/js/control-api.js";

/** Switches of the stand-in's settings. */
export class SettingsPanel {
  #error = h("p", { class: "form-error", role: "alert" });
  #limits = toggle("rate-limits", () => this.#send("PUT", "/control/rate-limits", { enabled: this.#limits.checked }));
  #recorder = toggle("recorder", () => this.#send("POST", "/control/recorder", { on: this.#recorder.checked }));
  #probe = h("p", { class: "muted", id: "probe-text" });
  #saved = h("p", { class: "muted", id: "recorder-text" });

  constructor() {
    const now = h("button", { type: "button", class: "button secondary", on: { click: () => this.#send("POST", "/control/probes", {}) } }, "Probe now");
    byId("settings").append(
      row("Rate limits", "rate-limits", this.#limits, h("p", { class: "muted" }, "Per bucket, with Discord's headers and 429s")),
      row("Wrong-signature probes", null, now, this.#probe),
      row("Recorder", "recorder", this.#recorder, this.#saved),
      this.#error,
    );
  }

  draw({ rate_limits: limits, probes, recorder }) {
    this.#limits.checked = limits.enabled;
    this.#recorder.checked = recorder.on;
    this.#saved.textContent = recorder.on ? `Saves into ${recorder.folder}` : "Saves what is sent as fixtures for tests";
    const [last] = probes.results;
    this.#probe.textContent = last ? probeText(last) : "The endpoint must refuse them with 401";
  }

  showProbe(result) {
    this.#probe.textContent = probeText(result);
  }

  async #send(method, path, body) {
    this.#error.textContent = "";
    try {
      await send(method, path, body);
    } catch (error) {
      this.#error.textContent = error.message;
    }
  }
}

const probeText = (result) => `Last one: ${result.outcome}${result.status ? `, status ${result.status}` : ""}`;

function toggle(id, change) {
  return h("input", { type: "checkbox", role: "switch", class: "switch", id, on: { change } });
}

function row(title, id, control, text) {
  return h("div", { class: "setting-row" }, h("div", {}, h(id ? "label" : "span", { for: id, class: "fault-name" }, title), text), control);
}
