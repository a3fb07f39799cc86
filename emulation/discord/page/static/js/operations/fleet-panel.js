/** The fleet panel: notes of what the fleet did, newest first; hidden until there is one. */

import { byId, h } from "/js/dom.js";
import { exactTime } from "/js/time.js";

const MAX_ROWS = 100;

/** Patterns of a note's text, and the class of the dot before it. */
const TONES = [
  [/\n.*Error\b|^\[ERROR\]/s, "bad"],
  [/RUNNING|InService|joined/, "good"],
  [/Spot|failed|draining/, "warn"],
];

/** A table of notes. */
export class FleetPanel {
  #total = 0;

  /** Replace the notes: [{text, at}, ...], oldest first. */
  reset(notes) {
    this.#total = 0;
    byId("notes").replaceChildren();
    for (const note of notes) this.add(note);
  }

  add({ text, at }) {
    this.#total += 1;
    const tone = TONES.find(([pattern]) => pattern.test(text))?.[1] ?? "";
    const body = byId("notes");
    body.prepend(h("tr", {}, h("td", { class: "time" }, exactTime(new Date(at))), h("td", { class: tone === "bad" ? "trace" : "" }, h("i", { class: `dot ${tone}`, "aria-hidden": "true" }), ` ${text}`)));
    while (body.children.length > MAX_ROWS) body.lastElementChild.remove();
    byId("fleet").hidden = false;
    byId("fleet-sum").textContent = `${this.#total} changes`;
  }
}
