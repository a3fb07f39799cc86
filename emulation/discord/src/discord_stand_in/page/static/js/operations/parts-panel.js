/** Whether the emulator answers: red as soon as it does not. */

import { byId, h } from "/js/dom.js";
import { get } from "/js/control-api.js";

const POLL_MS = 500;
/** Each condition: its text, and the tone of its badge. */
const CONDITIONS = {
  up: ["runs", "good"],
  slow: ["does not answer in time", "warn"],
  down: ["is down", "bad"],
  silent: ["is not watched any more", "bad"],
};

/** Badges of the reported parts of the rig; there are none where no rig reports. */
export class PartsPanel {
  #shown = "";

  start() {
    setInterval(() => !document.hidden && this.#load(), POLL_MS);
    this.#load();
  }

  async #load() {
    // The page says already that the stand-in itself does not answer.
    const parts = await get("/control/parts").catch(() => null);
    const text = JSON.stringify(parts);
    if (!parts || text === this.#shown) return;
    this.#shown = text;
    const badge = ([name, condition]) => {
      const [words, tone] = CONDITIONS[condition];
      return h("span", { class: `part outcome ${tone}`, data: { part: name } }, `The ${name} ${words}`);
    };
    byId("parts").replaceChildren(...Object.entries(parts).map(badge));
  }
}
