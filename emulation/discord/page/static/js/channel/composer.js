/** The line at the bottom: `/` picks a command, its options become pills, Enter sends it. */

import { announce, byId, h, icon } from "/js/dom.js";
import { avatar } from "/js/users.js";
import { Draft } from "/js/channel/command-draft.js";
import { Popup } from "/js/channel/suggestion-list.js";
import { leaves } from "/js/channel/command-options.js";

const ONLY_COMMANDS = "Only commands reach the application here. Type / to pick one.";

/** `send(asked, leaf)`: sends an interaction. */
export class Composer {
  #send;
  #text;
  #box;
  #draft = null;
  #hint;

  constructor(store, session, send) {
    this.store = store;
    this.session = session;
    this.#send = send;
    this.popup = new Popup(byId("popup"));
    this.#hint = byId("composer-hint");
    this.#text = h("input", {
      id: "composer-text", class: "composer-text", type: "text", role: "combobox", autocomplete: "off", spellcheck: "false",
      "aria-autocomplete": "list", "aria-expanded": "false", "aria-describedby": "composer-hint",
      on: { input: () => this.#typed(), focus: () => this.#typed(), blur: () => this.popup.close(), keydown: (event) => this.#onKey(event) },
    });
    this.#box = byId("composer-box");
    const commands = h("button", { type: "button", class: "round-button", "aria-label": "Commands", on: { click: () => this.start() } }, icon("plus"));
    const send_ = h("button", { type: "button", class: "send-button", "aria-label": "Send", on: { click: () => this.#submit() } }, icon("send"));
    this.#box.append(commands, this.#text, send_);
    document.addEventListener("keydown", (event) => this.#anywhere(event));
    this.refresh();
  }

  /** Say where messages go. */
  refresh() {
    const { channel } = this.session;
    const place = channel.type === 1 ? `@${this.store.application?.name ?? ""}` : `#${channel.name}`;
    this.#text.placeholder = `Type / to use a command in ${place}`;
    this.#text.setAttribute("aria-label", `Message ${place}`);
  }

  /** Offer what is registered now. */
  refreshCommands() {
    if (document.activeElement === this.#text && this.#text.value.startsWith("/")) this.#typed();
  }

  /** Open the command picker. */
  start() {
    this.cancel(false);
    this.#text.value = "/";
    this.#text.focus();
    this.#typed();
  }

  focus() {
    if (this.#draft) this.#draft.focusFirst();
    else this.#text.focus();
  }

  /** Back to the empty line. */
  cancel(focus = true) {
    const had = this.#draft !== null;
    this.#draft = null;
    this.popup.close();
    this.#hint.replaceChildren();
    this.#text.value = "";
    if (had) this.#box.querySelector(".draft")?.replaceWith(this.#text);
    if (had && focus) this.#text.focus();
  }

  /** Explain what the cursor is in. */
  help(name, text) {
    this.#hint.replaceChildren(h("b", {}, name), h("span", { id: "option-help" }, text));
  }

  sendCommand(leaf, asked) {
    this.cancel();
    this.#send(asked, leaf);
  }

  #typed() {
    const text = this.#text.value;
    this.#hint.replaceChildren();
    if (!text.startsWith("/")) {
      this.popup.close();
      return;
    }
    const known = this.#leaves();
    const typed = text.slice(1).toLowerCase();
    const exact = typed.endsWith(" ") && known.find((one) => one.path === typed.trim());
    if (exact) {
      this.#begin(exact);
      return;
    }
    const { application } = this.store;
    const items = known
      .filter((one) => one.path.includes(typed.trim()))
      .sort((a, b) => Number(b.path.startsWith(typed)) - Number(a.path.startsWith(typed)))
      .map((leaf) => ({ label: `/${leaf.path}`, detail: leaf.description, hint: application.name, lead: avatar(this.#bot(), "small"), leaf }));
    const empty = known.length ? "no command of that name" : "no commands are registered here";
    this.popup.show(this.#text, { title: "Commands", items, empty, choose: ({ leaf }) => this.#begin(leaf) });
  }

  #bot() {
    return { id: this.store.application.id, username: this.store.application.name, bot: true };
  }

  #leaves() {
    return this.store.usableCommands(this.session.channel).flatMap(leaves);
  }

  #begin(leaf) {
    this.popup.close();
    this.#draft = new Draft(this, leaf);
    this.#text.replaceWith(this.#draft.element);
    this.help(`/${leaf.path}`, leaf.description);
    this.#draft.focusFirst();
  }

  #onKey(event) {
    if (event.isComposing) return;
    if (this.popup.takeKey(event)) event.preventDefault();
    else if (event.key === "Enter") {
      event.preventDefault();
      this.#submit();
    }
  }

  #submit() {
    if (this.#draft) {
      this.#draft.submit();
      return;
    }
    const text = this.#text.value.trim();
    if (!text) {
      this.start();
      return;
    }
    const say = text.startsWith("/") ? `There is no command ${text.split(" ")[0]} here.` : ONLY_COMMANDS;
    this.#hint.replaceChildren(h("span", { class: "warn" }, say));
    announce(say);
  }

  /** `/` anywhere on the page starts a command, as in Discord typing anywhere does. */
  #anywhere(event) {
    const inField = event.target.closest?.("input, textarea, select, dialog, [role=menu], [role=listbox]");
    if (event.key !== "/" || inField || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.start();
  }
}
