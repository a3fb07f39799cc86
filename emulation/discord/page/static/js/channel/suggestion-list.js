/** A list of suggestions above a text input, worked by the input's keys. */

import { h } from "/js/dom.js";

let numbers = 0;

/**
 * One listbox, lent to one input at a time.
 *
 * An item: {label, detail?, hint?, lead? (element), value}.
 */
export class Popup {
  #box;
  #list;
  #title;
  #input = null;
  #items = [];
  #active = -1;
  #choose = () => {};

  constructor(box) {
    this.#box = box;
    this.#title = h("p", { class: "popup-title", id: "popup-title" });
    this.#list = h("ul", { class: "popup-list", role: "listbox", id: "suggestions", "aria-labelledby": "popup-title" });
    box.append(this.#title, this.#list);
    // A press on the list must not take the focus from the input.
    box.addEventListener("mousedown", (event) => event.preventDefault());
  }

  get isOpen() {
    return !this.#box.hidden;
  }

  /** The item that Enter would choose. */
  get active() {
    return this.#items[this.#active];
  }

  /**
   * Show items for an input. `picked`: whether the first one is active already;
   * `empty`: what to say if there are none (else the popup closes).
   */
  show(input, { title, items, choose, picked = true, empty = "" }) {
    if (!items.length && !empty) return this.close();
    this.#release();
    this.#input = input;
    this.#items = items;
    this.#choose = choose;
    this.#title.textContent = title;
    this.#list.replaceChildren(...items.map((item, index) => this.#row(item, index)));
    this.#list.hidden = !items.length;
    if (!items.length) this.#title.textContent = `${title} · ${empty}`;
    this.#box.hidden = false;
    input.setAttribute("aria-expanded", "true");
    input.setAttribute("aria-controls", "suggestions");
    this.#move(items.length && picked ? 0 : -1);
    return undefined;
  }

  close() {
    this.#release();
    this.#box.hidden = true;
    this.#items = [];
    this.#active = -1;
  }

  /** Handle a key of the input; whether it was for the list. */
  takeKey(event) {
    if (!this.isOpen || event.isComposing) return false;
    const count = this.#items.length;
    if (event.key === "Escape") {
      this.close();
      return true;
    }
    if (!count) return false;
    if (event.key === "ArrowDown") this.#move((this.#active + 1) % count);
    else if (event.key === "ArrowUp") this.#move((this.#active + count - (this.#active < 0 ? 0 : 1)) % count);
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && this.active) this.#take(this.#active);
    else return false;
    return true;
  }

  #row(item, index) {
    return h(
      "li",
      {
        class: "popup-item", role: "option", id: `suggestion-${(numbers += 1)}`, "aria-selected": "false",
        on: { click: () => this.#take(index), mousemove: () => this.#active !== index && this.#move(index) },
      },
      item.lead,
      h("span", { class: "popup-text" }, h("span", { class: "popup-label" }, item.label), item.detail && h("span", { class: "popup-detail" }, item.detail)),
      item.hint && h("span", { class: "popup-hint" }, item.hint),
    );
  }

  #take(index) {
    const item = this.#items[index];
    this.close();
    this.#choose(item);
  }

  #move(index) {
    this.#list.children[this.#active]?.setAttribute("aria-selected", "false");
    this.#active = index;
    const row = this.#list.children[index];
    if (!row) return this.#input?.removeAttribute("aria-activedescendant");
    row.setAttribute("aria-selected", "true");
    row.scrollIntoView({ block: "nearest" });
    return this.#input?.setAttribute("aria-activedescendant", row.id);
  }

  #release() {
    this.#input?.setAttribute("aria-expanded", "false");
    this.#input?.removeAttribute("aria-activedescendant");
    this.#input?.removeAttribute("aria-controls");
    this.#input = null;
  }
}
