/** A command in the composer: its pills, and the input that adds optional ones. */

import { announce, h } from "/js/dom.js";
import { Pill } from "/js/channel/option-input.js";
import { limitsInWords } from "/js/channel/command-options.js";

/** Fields filled in by a person until they are sent. `host`: the composer. */
export class Draft {
  pills = [];
  #host;
  #leaf;

  constructor(host, leaf) {
    this.#host = host;
    this.#leaf = leaf;
    this.more = h("input", {
      class: "more-options", type: "text", role: "combobox", autocomplete: "off", "aria-expanded": "false",
      "aria-autocomplete": "list", "aria-label": "Add an option", "aria-describedby": "option-help",
      on: { input: () => this.#offerOptions(), focus: () => this.#offerOptions(), blur: () => this.popup.close(), keydown: (event) => this.#onMoreKey(event) },
    });
    this.element = h("div", { class: "draft", role: "group", "aria-label": `/${leaf.path}` }, h("span", { class: "command-chip" }, `/${leaf.path}`), this.more);
    for (const option of leaf.options.filter((one) => one.required)) this.#add(option);
    this.#refreshMore();
  }

  get store() {
    return this.#host.store;
  }

  get session() {
    return this.#host.session;
  }

  get popup() {
    return this.#host.popup;
  }

  /** What the control API is asked for, with whatever is filled in so far. */
  asked() {
    const options = {};
    for (const pill of this.pills) {
      const { value, error } = pill.read();
      if (value !== undefined) options[pill.option.name] = value;
      else if (error && !pill.isEmpty) options[pill.option.name] = pill.input.value;
    }
    return { ...this.session.place, command: this.#leaf.path, options };
  }

  /** Explain the option that has the focus. */
  help(option, limits) {
    this.#host.help(option.name, [option.description, limits].filter(Boolean).join(" · "));
  }

  focusFirst() {
    (this.pills[0]?.input ?? this.more).focus();
  }

  focusAfter(pill) {
    const inputs = this.#inputs();
    inputs[inputs.indexOf(pill.input) + 1]?.focus();
  }

  /** Send it, if nothing is wrong; else go to the first thing that is. */
  submit() {
    const wrong = this.pills.map((pill) => [pill, pill.read().error]);
    for (const [pill, error] of wrong) pill.mark(error);
    const first = wrong.find(([, error]) => error);
    if (first) {
      announce(`${first[0].option.name}: ${first[1]}`);
      first[0].input.focus();
      return;
    }
    this.#host.sendCommand(this.#leaf, this.asked());
  }

  onPillKey(event, pill) {
    if (event.isComposing) return;
    if (this.popup.takeKey(event)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape") this.#host.cancel();
    else if (event.key === "Backspace" && pill.isEmpty) {
      event.preventDefault();
      this.#remove(pill);
    } else this.#walk(event);
  }

  #onMoreKey(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !this.more.value) {
      // Enter sends; Tab, arrows or typing reach the optional options.
      event.preventDefault();
      this.submit();
    } else if (this.popup.takeKey(event)) event.preventDefault();
    else if (event.key === "Enter") {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape") this.#host.cancel();
    else if (event.key === "Backspace" && !this.more.value) {
      event.preventDefault();
      const last = this.pills.at(-1);
      if (!last) this.#host.cancel();
      else last.input.focus();
    } else this.#walk(event);
  }

  /** Arrow keys leave an input at its ends. */
  #walk(event) {
    const input = event.target;
    const atStart = input.selectionStart === 0 && input.selectionEnd === 0;
    const atEnd = input.selectionStart === input.value.length;
    const step = event.key === "ArrowLeft" && atStart ? -1 : event.key === "ArrowRight" && atEnd ? 1 : 0;
    if (!step) return;
    const inputs = this.#inputs();
    const next = inputs[inputs.indexOf(input) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  #inputs() {
    return [...this.pills.map((pill) => pill.input), ...(this.more.hidden ? [] : [this.more])];
  }

  #add(option) {
    const pill = new Pill(this, option);
    this.pills.push(pill);
    this.more.before(pill.element);
    this.#refreshMore();
    return pill;
  }

  #remove(pill) {
    if (pill.option.required) {
      const before = this.pills[this.pills.indexOf(pill) - 1];
      if (before) before.input.focus();
      else this.#host.cancel();
      return;
    }
    this.pills = this.pills.filter((one) => one !== pill);
    pill.element.remove();
    this.#refreshMore();
    this.more.focus();
  }

  #missing() {
    const used = new Set(this.pills.map((pill) => pill.option.name));
    return this.#leaf.options.filter((one) => !used.has(one.name));
  }

  #refreshMore() {
    const count = this.#missing().length;
    // Without any other input the keyboard needs this one to send from.
    this.more.hidden = count === 0 && this.pills.length > 0;
    this.more.placeholder = count ? `+${count} optional` : "Press Enter to send";
    this.more.setAttribute("aria-label", count ? "Add an option" : "Press Enter to send");
  }

  #offerOptions() {
    const typed = this.more.value.trim().toLowerCase();
    if (!this.#missing().length) return;
    const items = this.#missing()
      .filter((one) => one.name.includes(typed))
      .map((one) => ({ label: one.name, detail: one.description, hint: limitsInWords(one), option: one }));
    this.#host.help("Optional", "Pick an option to add, or press Enter to send");
    this.popup.show(this.more, {
      title: "Optional options",
      items,
      picked: Boolean(typed),
      choose: ({ option }) => {
        this.more.value = "";
        this.#add(option).input.focus();
      },
    });
  }
}
