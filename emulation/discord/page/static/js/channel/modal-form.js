/** A form that the application opened. */

import { byId, h, icon } from "/js/dom.js";
import { interact } from "/js/control-api.js";

const ROW = 1;
const STRING_SELECT = 3;
const TEXT_INPUT = 4;
const TEXT_DISPLAY = 10;
const LABEL = 18;
const PARAGRAPH = 2;
const FAILED = "Something went wrong. Try again.";

/** `lists(component)`: what menus of people, roles and channels hold. */
export class ModalForm {
  #dialog = byId("modal");
  #lists;

  constructor(lists) {
    this.#lists = lists;
  }

  /** Show the form that an interaction opened; `onAnswer(result)` gets what came of submitting it. */
  open(interactionId, data, application, userId, onAnswer) {
    const fields = [];
    const body = data.components.flatMap((part) => this.#part(part, fields));
    const alert = h("p", { class: "form-error", role: "alert" });
    const submit = h("button", { type: "submit", class: "button primary" }, "Submit");
    const cancel = h("button", { type: "button", class: "button quiet", on: { click: () => this.#dialog.close() } }, "Cancel");
    const close = h("button", { type: "button", class: "icon-button", "aria-label": "Close", on: { click: () => this.#dialog.close() } }, icon("close"));
    const form = h("form", { class: "modal-form", novalidate: true },
      h("header", {}, h("h2", { id: "modal-title" }, data.title), close),
      h("p", { class: "modal-note" }, `This form will be submitted to ${application}. Do not share passwords or other sensitive information.`),
      h("div", { class: "modal-fields" }, body), alert,
      h("footer", {}, cancel, submit));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const wrong = fields.filter((field) => !field.check());
      if (wrong.length) {
        wrong[0].focus();
        return;
      }
      submit.disabled = true;
      alert.textContent = "";
      const values = Object.fromEntries(fields.map((field) => [field.name, field.value()]));
      const result = await interact({ modal: interactionId, fields: values, user_id: userId }).catch((error) => ({ notice: error.message }));
      submit.disabled = false;
      if (result.notice) {
        alert.textContent = result.notice || FAILED;
        return;
      }
      this.#dialog.close();
      onAnswer(result);
    });
    this.#dialog.replaceChildren(form);
    this.#dialog.showModal();
    fields[0]?.focus();
  }

  #part(part, fields) {
    if (part.type === TEXT_DISPLAY) return [h("p", { class: "modal-text" }, part.content)];
    if (part.type === LABEL) return [this.#field(part.component, part.label, part.description, fields)];
    if (part.type === ROW) return part.components.map((one) => this.#field(one, one.label, null, fields));
    return [];
  }

  #field(component, label, description, fields) {
    const id = `field-${component.custom_id}`;
    const error = h("span", { class: "form-error", id: `${id}-error` });
    const required = component.required ?? true;
    const field = component.type === TEXT_INPUT ? textField(component, id, required) : chooser(component, id, this.#lists);
    fields.push({
      name: component.custom_id,
      value: field.value,
      focus: () => field.element.focus(),
      check: () => {
        const problem = field.problem(required);
        error.textContent = problem;
        if (problem) field.element.setAttribute("aria-invalid", "true");
        else field.element.removeAttribute("aria-invalid");
        return !problem;
      },
    });
    return h("div", { class: "modal-field" },
      h("label", { for: id }, label ?? component.custom_id, required && h("span", { class: "required", "aria-hidden": "true" }, " *")),
      description && h("span", { class: "muted", id: `${id}-description` }, description), field.element, error);
  }
}

function textField(component, id, required) {
  const many = component.style === PARAGRAPH;
  const longest = component.max_length ?? 4000;
  const element = h(many ? "textarea" : "input", {
    id, class: "text-field", rows: many ? 4 : null, type: many ? null : "text", maxlength: longest, placeholder: component.placeholder,
    "aria-required": required ? "true" : null, "aria-describedby": `${id}-error`, autocomplete: "off", value: component.value ?? "",
  });
  return {
    element,
    value: () => element.value,
    problem: (needed) => {
      const { length } = element.value;
      if (!length) return needed ? "This field is required." : "";
      return length < (component.min_length ?? 0) ? `Must be at least ${component.min_length} characters.` : "";
    },
  };
}

function chooser(component, id, lists) {
  const options = component.type === STRING_SELECT ? component.options : lists(component);
  const most = component.max_values ?? 1;
  const element = h("select", { id, class: "text-field", multiple: most > 1, "aria-describedby": `${id}-error` },
    most === 1 && h("option", { value: "" }, component.placeholder || "Make a selection"),
    options.map((one) => h("option", { value: one.value, selected: one.default }, one.label)));
  const chosen = () => [...element.selectedOptions].map((one) => one.value).filter(Boolean);
  return {
    element,
    value: chosen,
    problem: (needed) => {
      const count = chosen().length;
      if (!count) return needed ? "This field is required." : "";
      return count > most ? `Choose at most ${most}.` : "";
    },
  };
}
