/** What the fleet did, newest first; the panel is there from the first note on. */

import { byId, h } from "/js/dom.js";
import { exactTime } from "/js/time.js";

const SHOWN = 100;

/** Words of a note that say how it is, and the look for them. */
const LOOKS = [
  [/RUNNING|InService|joined/, "good"],
  [/Spot|failed|draining/, "warn"],
];

export class FleetPanel {
  #total = 0;

  /** All notes there are: [{text, at}, ...], oldest first. */
  reset(notes) {
    this.#total = 0;
    byId("notes").replaceChildren();
    for (const note of notes) this.add(note);
  }

  add({ text, at }) {
    this.#total += 1;
    const look = LOOKS.find(([pattern]) => pattern.test(text))?.[1] ?? "";
    const body = byId("notes");
    body.prepend(h("tr", {}, h("td", { class: "time" }, exactTime(new Date(at))), h("td", {}, h("i", { class: `dot ${look}`, "aria-hidden": "true" }), ` ${text}`)));
    while (body.children.length > SHOWN) body.lastElementChild.remove();
    byId("fleet").hidden = false;
    byId("fleet-sum").textContent = `${this.#total} changes`;
  }
}
