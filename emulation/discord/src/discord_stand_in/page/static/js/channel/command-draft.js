/** A command in the composer: the inputs of its options, and the picker that adds optional ones. */

import { announce, h } from "/js/dom.js";
import { OptionInput } from "/js/channel/option-input.js";
import { TYPE, limitsInWords } from "/js/channel/command-options.js";

/** A command that is being filled in. `command`: one of pickableCommands(). */
export class CommandDraft {
  optionInputs = [];
  #composer;
  #command;

  constructor(composer, command) {
    this.#composer = composer;
    this.#command = command;
    this.picker = h("input", {
      class: "more-options", type: "text", role: "combobox", autocomplete: "off", "aria-expanded": "false",
      "aria-autocomplete": "list", "aria-label": "Add an option", "aria-describedby": "option-help",
      on: { input: () => this.#suggestOptions(), focus: () => this.#suggestOptions(), blur: () => this.suggestions.close(), keydown: (event) => this.#onPickerKey(event) },
    });
    this.element = h("div", { class: "draft", role: "group", "aria-label": `/${command.label}` }, h("span", { class: "command-chip" }, `/${command.label}`), this.picker);
    for (const option of command.options.filter((option) => option.required)) this.#addOption(option);
    this.#refreshPicker();
  }

  get state() {
    return this.#composer.state;
  }

  get session() {
    return this.#composer.session;
  }

  get suggestions() {
    return this.#composer.suggestions;
  }

  /** The user action for the control API, with what is filled in so far. */
  action() {
    const options = {};
    for (const optionInput of this.optionInputs) {
      const { value, error } = optionInput.read();
      if (value !== undefined) options[optionInput.option.name] = value;
      else if (error && !optionInput.isEmpty) options[optionInput.option.name] = optionInput.input.value;
    }
    return { ...this.session.place, command: this.#command.path, options };
  }

  /** Describe the option that has the focus. */
  help(option, limits) {
    this.#composer.help(option.label, [option.description, limits].filter(Boolean).join(" · "));
  }

  focusFirst() {
    (this.optionInputs[0]?.input ?? this.picker).focus();
  }

  /** The field that takes a dropped or pasted file: an empty one, else one that is added, else the last; null if there is none. */
  fileField() {
    const inputs = this.optionInputs.filter(({ fileField }) => fileField);
    const empty = inputs.find(({ isEmpty }) => isEmpty);
    if (empty) return empty.fileField;
    const unused = this.#unusedOptions().find(({ type }) => type === TYPE.ATTACHMENT);
    return unused ? this.#addOption(unused).fileField : (inputs.at(-1)?.fileField ?? null);
  }

  focusAfter(optionInput) {
    const inputs = this.#inputs();
    inputs[inputs.indexOf(optionInput.input) + 1]?.focus();
  }

  /** Send the command once its files are uploaded, or move to the first option that is wrong. */
  async submit() {
    await Promise.all(this.optionInputs.map(({ fileField }) => fileField?.settled()));
    // The command was sent or left meanwhile.
    if (!this.element.isConnected) return;
    const wrong = this.optionInputs.map((optionInput) => [optionInput, optionInput.read().error]);
    for (const [optionInput, error] of wrong) optionInput.showError(error);
    const first = wrong.find(([, error]) => error);
    if (first) {
      announce(`${first[0].option.label}: ${first[1]}`);
      first[0].input.focus();
      return;
    }
    this.#composer.sendCommand(this.#command, this.action());
  }

  onOptionKey(event, optionInput) {
    if (event.isComposing) return;
    if (this.suggestions.handleKey(event)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape") this.#composer.cancel();
    else if (event.key === "Backspace" && optionInput.isEmpty) {
      event.preventDefault();
      this.#removeOption(optionInput);
    } else this.#moveFocus(event);
  }

  #onPickerKey(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !this.picker.value) {
      // Enter sends; Tab, arrow keys or typing reach the optional options.
      event.preventDefault();
      this.submit();
    } else if (this.suggestions.handleKey(event)) event.preventDefault();
    else if (event.key === "Enter") {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape") this.#composer.cancel();
    else if (event.key === "Backspace" && !this.picker.value) {
      event.preventDefault();
      const last = this.optionInputs.at(-1);
      if (!last) this.#composer.cancel();
      else last.input.focus();
    } else this.#moveFocus(event);
  }

  /** Move to the next input with an arrow key at the end of this one. */
  #moveFocus(event) {
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
    return [...this.optionInputs.map((optionInput) => optionInput.input), ...(this.picker.hidden ? [] : [this.picker])];
  }

  #addOption(option) {
    const optionInput = new OptionInput(this, option);
    this.optionInputs.push(optionInput);
    this.picker.before(optionInput.element);
    this.#refreshPicker();
    return optionInput;
  }

  #removeOption(optionInput) {
    if (optionInput.option.required) {
      const before = this.optionInputs[this.optionInputs.indexOf(optionInput) - 1];
      if (before) before.input.focus();
      else this.#composer.cancel();
      return;
    }
    this.optionInputs = this.optionInputs.filter((other) => other !== optionInput);
    optionInput.element.remove();
    this.#refreshPicker();
    this.picker.focus();
  }

  #unusedOptions() {
    const used = new Set(this.optionInputs.map((optionInput) => optionInput.option.name));
    return this.#command.options.filter((option) => !used.has(option.name));
  }

  #refreshPicker() {
    const count = this.#unusedOptions().length;
    // If there is no other input, the keyboard needs this one to send from.
    this.picker.hidden = count === 0 && this.optionInputs.length > 0;
    this.picker.placeholder = count ? `+${count} optional` : "Press Enter to send";
    this.picker.setAttribute("aria-label", count ? "Add an option" : "Press Enter to send");
  }

  #suggestOptions() {
    const typed = this.picker.value.trim().toLowerCase();
    if (!this.#unusedOptions().length) return;
    const items = this.#unusedOptions()
      .filter((option) => option.name.includes(typed) || option.label.toLowerCase().includes(typed))
      .map((option) => ({ label: option.label, detail: option.description, hint: limitsInWords(option), option }));
    this.#composer.help("Optional", "Pick an option to add, or press Enter to send");
    this.suggestions.show(this.picker, {
      title: "Optional options",
      items,
      preselect: Boolean(typed),
      choose: ({ option }) => {
        this.picker.value = "";
        this.#addOption(option).input.focus();
      },
    });
  }
}
