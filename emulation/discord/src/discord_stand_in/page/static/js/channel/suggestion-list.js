/** The list of suggestions above a text input, controlled by the input's keys. */

import { h } from "/js/dom.js";

let idCount = 0;

/**
 * A listbox that belongs to one input at a time.
 *
 * An item: {label, detail?, hint?, lead? (element), value}.
 */
export class SuggestionList {
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
    // A click on the list must not take the focus from the input.
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
   * Show items for an input. `preselect`: whether the first one is active at once;
   * `emptyText`: what to show if there are none (without it the list closes).
   */
  show(input, { title, items, choose, preselect = true, emptyText = "" }) {
    if (!items.length && !emptyText) return this.close();
    this.#detach();
    this.#input = input;
    this.#items = items;
    this.#choose = choose;
    this.#title.textContent = title;
    this.#list.replaceChildren(...items.map((item, index) => this.#row(item, index)));
    this.#list.hidden = !items.length;
    if (!items.length) this.#title.textContent = `${title} · ${emptyText}`;
    this.#box.hidden = false;
    input.setAttribute("aria-expanded", "true");
    input.setAttribute("aria-controls", "suggestions");
    this.#activate(items.length && preselect ? 0 : -1);
    return undefined;
  }

  close() {
    this.#detach();
    this.#box.hidden = true;
    this.#items = [];
    this.#active = -1;
  }

  /** Handle a key of the input; returns whether it was for the list. */
  handleKey(event) {
    if (!this.isOpen || event.isComposing) return false;
    const count = this.#items.length;
    if (event.key === "Escape") {
      this.close();
      return true;
    }
    if (!count) return false;
    if (event.key === "ArrowDown") this.#activate((this.#active + 1) % count);
    else if (event.key === "ArrowUp") this.#activate((this.#active + count - (this.#active < 0 ? 0 : 1)) % count);
    else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && this.active) this.#pick(this.#active);
    else return false;
    return true;
  }

  #row(item, index) {
    return h(
      "li",
      {
        class: "popup-item", role: "option", id: `suggestion-${(idCount += 1)}`, "aria-selected": "false",
        on: { click: () => this.#pick(index), mousemove: () => this.#active !== index && this.#activate(index) },
      },
      item.lead,
      h("span", { class: "popup-text" }, h("span", { class: "popup-label" }, item.label), item.detail && h("span", { class: "popup-detail" }, item.detail)),
      item.hint && h("span", { class: "popup-hint" }, item.hint),
    );
  }

  #pick(index) {
    const item = this.#items[index];
    this.close();
    this.#choose(item);
  }

  #activate(index) {
    this.#list.children[this.#active]?.setAttribute("aria-selected", "false");
    this.#active = index;
    const row = this.#list.children[index];
    if (!row) return this.#input?.removeAttribute("aria-activedescendant");
    row.setAttribute("aria-selected", "true");
    row.scrollIntoView({ block: "nearest" });
    return this.#input?.setAttribute("aria-activedescendant", row.id);
  }

  #detach() {
    this.#input?.setAttribute("aria-expanded", "false");
    this.#input?.removeAttribute("aria-activedescendant");
    this.#input?.removeAttribute("aria-controls");
    this.#input = null;
  }
}
