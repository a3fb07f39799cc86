/** Prompts to click on: the first thing in an empty channel. */

import { h } from "/js/dom.js";
import { TYPE } from "/js/channel/command-options.js";

const PROMPTS = ["a yellow star on a green background", "a red circle above a blue square", "two purple triangles on a white background"];

/** Three buttons that send the first command with a required option `prompt`; `send(command, options)` sends it. */
export class PromptExamples {
  #send;
  #shown = "";
  element = h("div", { class: "prompts", role: "group", "aria-label": "Prompts to try", hidden: true });

  constructor(send) {
    this.#send = send;
  }

  /** `commands`: those that can be used here; without one that takes a prompt there are no buttons. */
  draw(commands) {
    const command = commands.find(({ options }) => options.some(takesPrompt) && options.every((option) => takesPrompt(option) || !option.required));
    this.element.hidden = !command;
    if (!command) return;
    const name = command.options.find(takesPrompt).name;
    const shown = [command.path, command.label, name].join();
    if (shown === this.#shown) return;
    this.#shown = shown;
    const button = (prompt) => h("button", { type: "button", class: "prompt", on: { click: () => this.#send(command, { [name]: prompt }) } }, h("span", { class: "muted" }, `/${command.label}`), prompt);
    this.element.replaceChildren(h("p", { class: "muted" }, "Or begin with one of these:"), ...PROMPTS.map(button));
  }
}

const takesPrompt = ({ name, type, required }) => name === "prompt" && type === TYPE.STRING && required;
