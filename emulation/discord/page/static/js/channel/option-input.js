/** One option of a command in the composer: its name, and an input as wide as what is in it. */

import { h } from "/js/dom.js";
import { interact, upload } from "/js/control-api.js";
import { TYPE, fixedChoices, limitsInWords, parse } from "/js/channel/command-options.js";

const AUTOCOMPLETE_DELAY_MS = 250;

let numbers = 0;

/** An option with its input. `draft`: the command in the composer that it belongs to. */
export class Pill {
  #draft;
  #picked;
  #timer = 0;
  #asked = 0;
  #file = null;

  constructor(draft, option) {
    this.#draft = draft;
    this.option = option;
    const id = `option-${(numbers += 1)}`;
    this.error = h("span", { class: "pill-error", id: `${id}-error` });
    this.input = option.type === TYPE.ATTACHMENT ? this.#fileInput(id) : this.#textInput(id);
    this.element = h("span", { class: "pill", data: { option: option.name } }, h("label", { class: "pill-name", for: id }, option.name), this.input, this.error);
    this.#fit();
  }

  get isEmpty() {
    return this.option.type === TYPE.ATTACHMENT ? !this.#file : !this.input.value;
  }

  /** The value for the interaction: {value}, {error} or {} if there is none. */
  read() {
    if (this.option.type !== TYPE.ATTACHMENT) return parse(this.option, this.input.value, this.#picked);
    if (this.#file) return { value: this.#file };
    return this.option.required ? { error: "This option is required. Choose a file." } : {};
  }

  /** Mark what is wrong, or nothing. */
  mark(error = "") {
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
        input: () => this.#typed(),
        focus: () => this.#suggest(),
        blur: () => this.#left(),
        keydown: (event) => this.#draft.onPillKey(event, this),
      },
    });
  }

  #fileInput(id) {
    return h("input", {
      id, class: "pill-file", type: "file", "aria-describedby": `option-help ${id}-error`,
      on: {
        change: () => this.#upload(),
        focus: () => this.#draft.help(this.option, ""),
        keydown: (event) => this.#draft.onPillKey(event, this),
      },
    });
  }

  async #upload() {
    const [file] = this.input.files;
    this.#file = null;
    if (!file) return;
    try {
      this.#file = (await upload(file)).id;
      this.mark();
    } catch (error) {
      this.mark(error.message);
    }
  }

  #typed() {
    this.#picked = undefined;
    this.mark();
    this.#fit();
    this.#suggest();
  }

  #left() {
    this.#draft.popup.close();
    clearTimeout(this.#timer);
    this.#asked += 1;
    if (!this.isEmpty) this.mark(this.read().error);
  }

  #fit() {
    this.input.style.width = `${Math.max(2, [...this.input.value].length + 1)}ch`;
  }

  /** What can be put in: fixed choices at once, the application's once it answers. */
  #suggest() {
    this.#draft.help(this.option, limitsInWords(this.option));
    clearTimeout(this.#timer);
    if (this.option.autocomplete) {
      this.#timer = setTimeout(() => this.#ask(), AUTOCOMPLETE_DELAY_MS);
      return;
    }
    const choices = fixedChoices(this.option, this.#draft.store, this.#draft.session.channel);
    if (choices) this.#offer(matching(choices, this.#picked === undefined ? this.input.value : ""), "No options match your search");
    else this.#draft.popup.close();
  }

  async #ask() {
    const number = (this.#asked += 1);
    const answer = await interact({ ...this.#draft.asked(), focused: this.option.name }).catch((error) => ({ notice: error.message }));
    if (number !== this.#asked || document.activeElement !== this.input) return;
    if (answer.notice) {
      this.#offer([], answer.notice);
      return;
    }
    const choices = (answer.response?.data?.choices ?? []).map((one) => ({ label: one.name, value: one.value }));
    this.#offer(choices, "No options match your search");
  }

  #offer(items, empty) {
    const { popup } = this.#draft;
    // Free text stays what was typed until an arrow key picks a suggestion.
    const picked = !this.option.autocomplete;
    popup.show(this.input, { title: this.option.name, items, empty, picked, choose: (item) => this.#pick(item) });
  }

  #pick(item) {
    this.input.value = item.label;
    this.#picked = item.value;
    this.mark();
    this.#fit();
    this.#draft.focusAfter(this);
  }
}

function matching(choices, typed) {
  const wanted = typed.trim().toLowerCase().replace(/^[@#]/, "");
  return choices.filter((one) => one.label.toLowerCase().includes(wanted)).slice(0, 25);
}
