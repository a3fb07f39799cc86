/** The composer at the bottom: `/` picks a command, its options get inputs, Enter sends it. */

import { announce, byId, h, icon } from "/js/dom.js";
import { avatar } from "/js/users.js";
import { CommandDraft } from "/js/channel/command-draft.js";
import { SuggestionList } from "/js/channel/suggestion-list.js";
import { TYPE, pickableCommands } from "/js/channel/command-options.js";

const ONLY_COMMANDS = "Only commands reach the application here. Type / to pick one.";

/** `send(action, command)` sends a user action to the control API. */
export class Composer {
  #send;
  #text;
  #box;
  #draft = null;
  #hint;
  /** Whether Enter was pressed before the commands were known. */
  #isEntered = false;

  constructor(state, session, send) {
    this.state = state;
    this.session = session;
    this.#send = send;
    this.suggestions = new SuggestionList(byId("popup"));
    this.#hint = byId("composer-hint");
    this.#text = h("input", {
      id: "composer-text", class: "composer-text", type: "text", role: "combobox", autocomplete: "off", spellcheck: "false",
      "aria-autocomplete": "list", "aria-expanded": "false", "aria-describedby": "composer-hint",
      on: { input: () => this.#onInput(), focus: () => this.#onInput(), blur: () => this.suggestions.close(), keydown: (event) => this.#onKey(event) },
    });
    this.#box = byId("composer-box");
    const commands = h("button", { type: "button", class: "round-button", "aria-label": "Commands", on: { click: () => this.start() } }, icon("plus"));
    const sendButton = h("button", { type: "button", class: "send-button", "aria-label": "Send", on: { click: () => this.#submit() } }, icon("send"));
    this.#box.append(commands, this.#text, sendButton);
    document.addEventListener("keydown", (event) => this.#onPageKey(event));
    this.refresh();
  }

  /** Show the channel that commands are sent to. */
  refresh() {
    const { channel } = this.session;
    const place = channel.type === 1 ? `@${this.state.application?.name ?? ""}` : `#${channel.name}`;
    this.#text.placeholder = `Type / to use a command in ${place}`;
    this.#text.setAttribute("aria-label", `Message ${place}`);
  }

  /** Show the commands that are registered now, if the picker is open. */
  refreshCommands() {
    if (document.activeElement !== this.#text || !this.#text.value.startsWith("/")) return;
    const isEntered = this.#isEntered;
    this.#onInput();
    if (isEntered && this.#draft) this.#submit();
  }

  /** Open the command picker. */
  start() {
    this.cancel(false);
    this.#text.value = "/";
    this.#text.focus();
    this.#onInput();
  }

  /** Begin the command at a path, as a click on its mention does. */
  open(path) {
    const command = this.#usableCommands().find((usable) => usable.path === path);
    this.cancel(false);
    if (command) this.#beginDraft(command);
    else this.#warn(`There is no command /${path} for you here.`);
  }

  /** The field that takes a dropped or pasted file; the only command that takes files is begun for it. */
  fileField() {
    if (!this.#draft) {
      const takers = this.#usableCommands().filter(({ options }) => options.some(({ type }) => type === TYPE.ATTACHMENT));
      if (takers.length !== 1) return null;
      this.cancel(false);
      this.#beginDraft(takers[0]);
    }
    return this.#draft.fileField();
  }

  refuseFiles() {
    this.#warn(this.#draft ? "This command takes no file." : "Pick a command that takes a file first.");
  }

  /** Close what is open, the inner part first; returns whether anything was. */
  escape() {
    if (this.suggestions.isOpen) this.suggestions.close();
    else if (this.#draft) this.cancel();
    else return false;
    return true;
  }

  focus() {
    if (this.#draft) this.#draft.focusFirst();
    else this.#text.focus();
  }

  /** Drop the command and return to the empty input. */
  cancel(focus = true) {
    const hadDraft = this.#draft !== null;
    this.#draft = null;
    this.suggestions.close();
    this.#hint.replaceChildren();
    this.#text.value = "";
    if (hadDraft) this.#box.querySelector(".draft")?.replaceWith(this.#text);
    if (hadDraft && focus) this.#text.focus();
  }

  /** Describe what has the focus. */
  help(name, text) {
    this.#hint.replaceChildren(h("b", {}, name), h("span", { id: "option-help" }, text));
  }

  sendCommand(command, action) {
    this.cancel();
    this.#send(action, command);
  }

  #onInput() {
    this.#isEntered = false;
    const text = this.#text.value;
    this.#hint.replaceChildren();
    if (!text.startsWith("/")) {
      this.suggestions.close();
      return;
    }
    const usable = this.#usableCommands();
    const typed = text.slice(1).toLowerCase();
    const exact = typed.endsWith(" ") && usable.find(({ path, label }) => path === typed.trim() || label.toLowerCase() === typed.trim());
    if (exact) {
      this.#beginDraft(exact);
      return;
    }
    const { application } = this.state;
    const items = usable
      .filter(({ path, label }) => path.includes(typed.trim()) || label.toLowerCase().includes(typed.trim()))
      .sort((a, b) => Number(b.label.startsWith(typed)) - Number(a.label.startsWith(typed)))
      .map((command) => ({ label: `/${command.label}`, detail: command.description, hint: application.name, lead: avatar(this.state.bot, "small"), command }));
    const emptyText = !this.state.loaded ? "loading…" : usable.length ? "no command of that name" : "no commands are registered here";
    this.suggestions.show(this.#text, { title: "Commands", items, emptyText, choose: ({ command }) => this.#beginDraft(command) });
  }

  #usableCommands() {
    return this.state.usableCommands(this.session).flatMap((command) => pickableCommands(command, this.session.locale));
  }

  #beginDraft(command) {
    this.suggestions.close();
    this.#draft = new CommandDraft(this, command);
    this.#text.replaceWith(this.#draft.element);
    this.help(`/${command.label}`, command.description);
    this.#draft.focusFirst();
  }

  #onKey(event) {
    if (event.isComposing) return;
    if (this.suggestions.handleKey(event)) event.preventDefault();
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
    if (text.startsWith("/") && !this.state.loaded) {
      this.#isEntered = true;
      return;
    }
    const warning = text.startsWith("/") ? `There is no command ${text.split(" ")[0]} here.` : ONLY_COMMANDS;
    this.#warn(warning);
  }

  #warn(warning) {
    this.#hint.replaceChildren(h("span", { class: "warn" }, warning));
    announce(warning);
  }

  /** `/` anywhere on the page starts a command, as typing anywhere does in Discord. */
  #onPageKey(event) {
    const inField = event.target.closest?.("input, textarea, select, dialog, [role=menu], [role=listbox]");
    if (event.key !== "/" || inField || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.start();
  }
}
