/** The panel of experiments on the emulated AWS: what can be started, and what runs. */

import { announce, byId, h } from "/js/dom.js";
import { send } from "/js/control-api.js";

const MAX_OVER = 3;
const RUNNING = ["pending", "initiating", "running", "stopping"];
const TONES = { running: "warn", failed: "bad", completed: "good" };

/** Buttons for the experiments that the rig knows; hidden while it knows none. */
export class ExperimentsPanel {
  /** Show what the rig has reported. */
  draw({ known, experiments, error }) {
    byId("experiments").hidden = !known.length;
    byId("experiments-error").textContent = error;
    const running = experiments.filter(({ state }) => RUNNING.includes(state));
    const over = experiments.filter(({ state }) => !RUNNING.includes(state)).slice(0, MAX_OVER);
    byId("experiments-sum").textContent = running.length ? `${running.length} running` : "none runs";
    byId("started-experiments").replaceChildren(...[...running, ...over].map((one) => this.#started(one)));
    // The buttons stay while they are in use: a report comes with every change.
    const list = byId("known-experiments");
    if (list.dataset.names === known.map(({ name }) => name).join()) return;
    list.dataset.names = known.map(({ name }) => name).join();
    list.replaceChildren(...known.map((one) => this.#known(one)));
  }

  #known({ name, title, description }) {
    const start = () => this.#wish({ start: name }, `${title} is being started`);
    return h("li", { class: "fault", data: { experiment: name } },
      h("div", { class: "fault-head" }, h("span", { class: "fault-name" }, title), h("button", { type: "button", class: "button secondary", "aria-label": `Start: ${title}`, on: { click: start } }, "Start")),
      h("p", { class: "muted" }, description));
  }

  #started({ id, title, state, reason }) {
    const stop = () => this.#wish({ stop: id }, `${title} is being stopped`);
    const button = h("button", { type: "button", class: "button quiet", "aria-label": `Stop: ${title}`, on: { click: stop } }, "Stop");
    return h("li", { class: "fault", data: { started: id } },
      h("div", { class: "fault-head" }, h("span", { class: "fault-name" }, title), h("span", { class: `outcome ${TONES[state] ?? ""}` }, state), RUNNING.includes(state) ? button : ""),
      h("p", { class: "muted" }, reason));
  }

  async #wish(wish, text) {
    try {
      await send("POST", "/control/experiments/wishes", wish);
      byId("experiments-error").textContent = "";
      announce(text);
    } catch (error) {
      byId("experiments-error").textContent = error.message;
    }
  }
}
