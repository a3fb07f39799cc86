/** One option of the command in the composer: its name, and an input as wide as its text. */

import { h } from "/js/dom.js";
import { interact } from "/js/control-api.js";
import { FileField } from "/js/channel/file-field.js";
import { TYPE, choiceIn, fixedChoices, limitsInWords, parse } from "/js/channel/command-options.js";

const AUTOCOMPLETE_DELAY_MS = 250;

let idCount = 0;

/** An option with its input. `draft`: the command that it belongs to. */
export class OptionInput {
  #draft;
  #picked;
  #timer = 0;
  #requestCount = 0;

  constructor(draft, option) {
    this.#draft = draft;
    this.option = option;
    const id = `option-${(idCount += 1)}`;
    this.error = h("span", { class: "pill-error", id: `${id}-error` });
    this.fileField = option.type === TYPE.ATTACHMENT ? this.#newFileField(id) : null;
    this.input = this.fileField?.input ?? this.#textInput(id);
    this.element = h("span", { class: "pill", data: { option: option.name } }, h("label", { class: "pill-name", for: id }, option.label), this.fileField?.element ?? this.input, this.error);
    this.#fitWidth();
  }

  get isEmpty() {
    return this.fileField ? this.fileField.isEmpty : !this.input.value;
  }

  /** The option's value: {value}, {error}, or {} if there is none. */
  read() {
    const { fileField } = this;
    if (!fileField) return parse(this.option, this.input.value, this.#picked);
    if (fileField.problem) return { error: fileField.problem };
    if (fileField.id) return { value: fileField.id };
    return this.option.required ? { error: "This option is required. Choose a file." } : {};
  }

  /** Show what is wrong; without an argument, that nothing is. */
  showError(error = "") {
    this.error.textContent = error;
    this.element.classList.toggle("invalid", Boolean(error));
    if (error) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
  }

  #textInput(id) {
    const isNumber = this.option.type === TYPE.INTEGER || this.option.type === TYPE.NUMBER;
    return h("input", {
      id, class: "pill-input", type: "text", role: "combobox", autocomplete: "off", spellcheck: "false",
      inputmode: isNumber ? "decimal" : null, "aria-autocomplete": "list", "aria-expanded": "false",
      "aria-describedby": `option-help ${id}-error`, "aria-required": this.option.required ? "true" : null,
      on: {
        input: () => this.#onInput(),
        focus: () => this.#suggest(),
        blur: () => this.#onBlur(),
        keydown: (event) => this.#draft.onOptionKey(event, this),
      },
    });
  }

  #newFileField(id) {
    return new FileField({
      id, types: this.option.file_types, limit: this.#draft.state.limits.attachment_bytes,
      attributes: {
        "aria-describedby": `option-help ${id}-error`,
        on: {
          focus: () => this.#draft.help(this.option, limitsInWords(this.option)),
          keydown: (event) => this.#onFileKey(event),
        },
      },
      onChange: () => this.showError(this.fileField.problem),
    });
  }

  /** Enter opens the chooser of an empty field, as the browser does, and sends one that is filled. */
  #onFileKey(event) {
    if (event.key === "Enter" && this.isEmpty) return;
    if (event.key === "Backspace" && !this.isEmpty) {
      event.preventDefault();
      this.fileField.removeLast();
    } else this.#draft.onOptionKey(event, this);
  }

  #onInput() {
    this.#picked = undefined;
    this.showError();
    this.#fitWidth();
    this.#suggest();
  }

  #onBlur() {
    this.#draft.suggestions.close();
    clearTimeout(this.#timer);
    this.#requestCount += 1;
    if (!this.isEmpty) this.showError(this.read().error);
  }

  #fitWidth() {
    if (this.fileField) return;
    this.input.style.width = `${Math.max(2, [...this.input.value].length + 1)}ch`;
  }

  /** Show suggestions: fixed choices at once, those of the application once it has responded. */
  #suggest() {
    this.#draft.help(this.option, limitsInWords(this.option));
    clearTimeout(this.#timer);
    if (this.option.autocomplete) {
      // What was suggested for another text is neither shown nor picked any more.
      this.#requestCount += 1;
      this.#showSuggestions([], "loading…");
      this.#timer = setTimeout(() => this.#autocomplete(), AUTOCOMPLETE_DELAY_MS);
      return;
    }
    const choices = fixedChoices(this.option, this.#draft.state, this.#draft.session.channel);
    if (choices) this.#showSuggestions(matching(choices, this.#picked === undefined ? this.input.value : ""), choices.length ? `none of the ${choices.length} choices contains “${this.input.value.trim()}”` : "there is nothing to choose from here");
    else this.#draft.suggestions.close();
  }

  async #autocomplete() {
    const number = this.#requestCount;
    const answer = await interact({ ...this.#draft.action(), focused: this.option.name }).catch((error) => ({ notice: error.message }));
    if (number !== this.#requestCount || document.activeElement !== this.input) return;
    if (answer.notice) {
      this.#showSuggestions([], `no suggestions: ${answer.notice}`);
      return;
    }
    const choices = (answer.response?.data?.choices ?? []).map((choice) => choiceIn(this.#draft.session.locale, choice));
    const typed = this.input.value.trim();
    const { name } = this.#draft.state.application;
    this.#showSuggestions(choices, typed ? `${name} knows nothing that matches “${typed}”` : `${name} has nothing to suggest`);
  }

  #showSuggestions(items, emptyText) {
    const { suggestions } = this.#draft;
    // With autocomplete, the typed text stays until an arrow key picks a suggestion.
    const preselect = !this.option.autocomplete;
    suggestions.show(this.input, { title: this.option.label, items, emptyText, preselect, choose: (item) => this.#pick(item) });
  }

  #pick(item) {
    this.input.value = item.label;
    this.#picked = item.value;
    this.showError();
    this.#fitWidth();
    this.#draft.focusAfter(this);
  }
}

/** The choices whose label contains what was typed. */
function matching(choices, typed) {
  const text = typed.trim().toLowerCase().replace(/^[@#]/, "");
  return choices.filter((choice) => choice.label.toLowerCase().includes(text)).slice(0, 25);
}
