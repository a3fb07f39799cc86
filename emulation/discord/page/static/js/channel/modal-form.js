/** The form of a modal that the application opened. */

import { byId, h, icon } from "/js/dom.js";
import { interact } from "/js/control-api.js";

const ROW = 1;
const STRING_SELECT = 3;
const TEXT_INPUT = 4;
const TEXT_DISPLAY = 10;
const LABEL = 18;
const PARAGRAPH = 2;
const FAILED = "Something went wrong. Try again.";

/** `listOptions(component)` gives the options of select menus of users, roles and channels. */
export class ModalForm {
  #dialog = byId("modal");
  #listOptions;

  constructor(listOptions) {
    this.#listOptions = listOptions;
  }

  /** Show the form that an interaction opened; `onResult(result)` gets the result of submitting it. */
  open(interactionId, data, application, userId, onResult) {
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
      const invalid = fields.filter((field) => !field.check());
      if (invalid.length) {
        invalid[0].focus();
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
      onResult(result);
    });
    this.#dialog.replaceChildren(form);
    this.#dialog.showModal();
    fields[0]?.focus();
  }

  #part(part, fields) {
    if (part.type === TEXT_DISPLAY) return [h("p", { class: "modal-text" }, part.content)];
    if (part.type === LABEL) return [this.#field(part.component, part.label, part.description, fields)];
    if (part.type === ROW) return part.components.map((component) => this.#field(component, component.label, null, fields));
    return [];
  }

  #field(component, label, description, fields) {
    const id = `field-${component.custom_id}`;
    const error = h("span", { class: "form-error", id: `${id}-error` });
    const required = component.required ?? true;
    const field = component.type === TEXT_INPUT ? textField(component, id, required) : selectField(component, id, this.#listOptions);
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
  const maximum = component.max_length ?? 4000;
  const element = h(many ? "textarea" : "input", {
    id, class: "text-field", rows: many ? 4 : null, type: many ? null : "text", maxlength: maximum, placeholder: component.placeholder,
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

function selectField(component, id, listOptions) {
  const options = component.type === STRING_SELECT ? component.options : listOptions(component);
  const maximum = component.max_values ?? 1;
  const element = h("select", { id, class: "text-field", multiple: maximum > 1, "aria-describedby": `${id}-error` },
    maximum === 1 && h("option", { value: "" }, component.placeholder || "Make a selection"),
    options.map((option) => h("option", { value: option.value, selected: option.default }, option.label)));
  const chosen = () => [...element.selectedOptions].map((option) => option.value).filter(Boolean);
  return {
    element,
    value: chosen,
    problem: (needed) => {
      const count = chosen().length;
      if (!count) return needed ? "This field is required." : "";
      return count > maximum ? `Choose at most ${maximum}.` : "";
    },
  };
}
