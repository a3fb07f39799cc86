/** The menu of commands on a message or on a person. */

import { byId, h } from "/js/dom.js";
import { avatar } from "/js/users.js";

const EDGE_PX = 8;

/** A menu beside whatever opened it, which gets the focus back. */
export class ContextMenu {
  #menu = byId("context-menu");
  #opener = null;

  constructor() {
    this.#menu.addEventListener("keydown", (event) => this.#onKey(event));
    this.#menu.addEventListener("focusout", (event) => {
      if (!this.#menu.contains(event.relatedTarget)) this.#menu.hidden = true;
    });
  }

  /** `commands`: what can be run; `run(command)`; `none`: what to say if there are none. */
  open(opener, at, { title, bot, commands, run, none }) {
    this.#opener = opener;
    const items = commands.map((command) =>
      h("button", { type: "button", role: "menuitem", class: "menu-item", tabindex: "-1", on: { click: () => this.#choose(() => run(command)) } }, avatar(bot, "small"), h("span", { class: "row-name" }, command.name)));
    const empty = h("button", { type: "button", role: "menuitem", class: "menu-item muted", "aria-disabled": "true", tabindex: "-1" }, none);
    this.#menu.setAttribute("aria-label", title);
    this.#menu.replaceChildren(h("p", { class: "category", role: "presentation" }, title), ...(items.length ? items : [empty]));
    this.#menu.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.#menu;
    this.#menu.style.left = `${Math.max(EDGE_PX, Math.min(at.x, innerWidth - width - EDGE_PX))}px`;
    this.#menu.style.top = `${Math.max(EDGE_PX, Math.min(at.y, innerHeight - height - EDGE_PX))}px`;
    this.#menu.querySelector("button").focus();
  }

  #choose(act) {
    this.#close();
    act();
  }

  #close() {
    this.#menu.hidden = true;
    this.#opener?.focus();
  }

  #onKey(event) {
    const items = [...this.#menu.querySelectorAll("button")];
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) items[to % items.length].focus();
    else if (event.key === "Escape" || event.key === "Tab") this.#close();
    else return;
    event.preventDefault();
  }
}

/** Where a menu belongs: at the pointer, or below what the keyboard has pressed. */
export function placeOf(event, element) {
  if (event.clientX || event.clientY) return { x: event.clientX, y: event.clientY };
  const { left, bottom } = element.getBoundingClientRect();
  return { x: left, y: bottom + 4 };
}
