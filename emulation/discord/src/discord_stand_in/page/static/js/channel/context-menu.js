/** The menu of the commands on a message or on a user. */

import { byId, h } from "/js/dom.js";
import { avatar } from "/js/users.js";

const EDGE_PX = 8;

/** A menu beside the element that opened it; that element gets the focus back. */
export class ContextMenu {
  #menu = byId("context-menu");
  #opener = null;

  constructor() {
    this.#menu.addEventListener("keydown", (event) => this.#onKey(event));
    this.#menu.addEventListener("focusout", (event) => {
      if (!this.#menu.contains(event.relatedTarget)) this.#menu.hidden = true;
    });
  }

  /** `position`: {x, y}; `run(command)` runs the one that is chosen; `emptyText` is shown if there are no commands. */
  open(opener, position, { title, bot, commands, run, emptyText }) {
    this.#opener = opener;
    const items = commands.map((command) =>
      h("button", { type: "button", role: "menuitem", class: "menu-item", tabindex: "-1", on: { click: () => this.#choose(() => run(command)) } }, avatar(bot, "small"), h("span", { class: "row-name" }, command.name)));
    const empty = h("button", { type: "button", role: "menuitem", class: "menu-item muted", "aria-disabled": "true", tabindex: "-1" }, emptyText);
    this.#menu.setAttribute("aria-label", title);
    this.#menu.replaceChildren(h("p", { class: "category", role: "presentation" }, title), ...(items.length ? items : [empty]));
    this.#menu.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.#menu;
    this.#menu.style.left = `${Math.max(EDGE_PX, Math.min(position.x, innerWidth - width - EDGE_PX))}px`;
    this.#menu.style.top = `${Math.max(EDGE_PX, Math.min(position.y, innerHeight - height - EDGE_PX))}px`;
    this.#menu.querySelector("button").focus();
  }

  /** Close the menu; returns whether it was open. */
  escape() {
    const wasOpen = !this.#menu.hidden;
    if (wasOpen) this.#close();
    return wasOpen;
  }

  #choose(action) {
    this.#close();
    action();
  }

  #close() {
    this.#menu.hidden = true;
    this.#opener?.focus();
  }

  #onKey(event) {
    const items = [...this.#menu.querySelectorAll("button")];
    const index = items.indexOf(document.activeElement);
    const target = { ArrowDown: index + 1, ArrowUp: index - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (target !== undefined) items[target % items.length].focus();
    else if (event.key === "Escape" || event.key === "Tab") this.#close();
    else return;
    event.preventDefault();
  }
}

/** The position of a menu: at the pointer, or below the element that the keyboard activated. */
export function menuPosition(event, element) {
  if (event.clientX || event.clientY) return { x: event.clientX, y: event.clientY };
  const { left, bottom } = element.getBoundingClientRect();
  return { x: left, y: bottom + 4 };
}
