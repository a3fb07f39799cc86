/** The inputs of a modal: each an element, the value that is sent, and what is wrong with it. */

import { h } from "/js/dom.js";
import { FileField } from "/js/channel/file-field.js";
import { TYPE } from "/js/channel/component-tree.js";

const PARAGRAPH = 2;
const REQUIRED = "This field is required.";

/** The input of a component: {element, focusable?, isGroup?, value(), problem(required)}. */
export function inputOf(component, context) {
  switch (component.type) {
    case TYPE.TEXT_INPUT:
      return textInput(component, context);
    case TYPE.FILE_UPLOAD:
      return fileInput(component, context);
    case TYPE.RADIO_GROUP:
      return groupInput(component, context, "radio");
    case TYPE.CHECKBOX_GROUP:
      return groupInput(component, context, "checkbox");
    case TYPE.CHECKBOX:
      return checkbox(component, context);
    default:
      return selectInput(component, context);
  }
}

function textInput(component, { id, described, required }) {
  const many = component.style === PARAGRAPH;
  const maximum = component.max_length ?? 4000;
  const element = h(many ? "textarea" : "input", {
    id, class: "text-field", rows: many ? 4 : null, type: many ? null : "text", maxlength: maximum, placeholder: component.placeholder,
    "aria-required": required ? "true" : null, "aria-describedby": described, autocomplete: "off", value: component.value ?? "",
  });
  return {
    element,
    value: () => element.value,
    problem: (needed) => {
      const { length } = element.value;
      if (!length) return needed ? REQUIRED : "";
      return length < (component.min_length ?? 0) ? `Must be at least ${component.min_length} characters.` : "";
    },
  };
}

function selectInput(component, { id, described, required, listOptions }) {
  const isString = component.type === TYPE.STRING_SELECT;
  const options = isString ? component.options : listOptions(component);
  const defaults = new Set(isString ? options.filter((option) => option.default).map(({ value }) => value) : (component.default_values ?? []).map((value) => value.id));
  const maximum = component.max_values ?? 1;
  const minimum = component.min_values ?? (required ? 1 : 0);
  const element = h("select", { id, class: "text-field", multiple: maximum > 1, "aria-describedby": described },
    maximum === 1 && h("option", { value: "" }, component.placeholder || "Make a selection"),
    options.map((option) => h("option", { value: option.value, selected: defaults.has(option.value) }, option.label)));
  const chosen = () => [...element.selectedOptions].map((option) => option.value).filter(Boolean);
  return { element, value: chosen, problem: (needed) => countProblem(chosen().length, needed, minimum, maximum) };
}

function fileInput(component, { id, described, required, limit }) {
  const maximum = component.max_values ?? 1;
  const minimum = component.min_values ?? (required ? 1 : 0);
  const field = new FileField({ id, types: component.file_types, maximum, limit, attributes: { "aria-describedby": described } });
  return {
    element: field.element,
    focusable: field.input,
    fileField: field,
    value: () => field.ids(),
    problem: (needed) => field.problem || countProblem(field.count, needed, minimum, maximum),
  };
}

function groupInput(component, { id, described, required }, kind) {
  const inputs = component.options.map((option, index) => h("input", { type: kind, name: id, id: `${id}-${index}`, value: option.value, checked: Boolean(option.default), "aria-describedby": option.description ? `${id}-${index}-description` : null }));
  const rows = component.options.map((option, index) =>
    h("label", { class: "choice", for: `${id}-${index}` }, inputs[index],
      h("span", { class: "choice-text" }, h("span", {}, option.label), option.description && h("span", { class: "muted", id: `${id}-${index}-description` }, option.description))));
  const element = h("div", { class: "choices", role: kind === "radio" ? "radiogroup" : "group", id, "aria-labelledby": `${id}-label`, "aria-describedby": described }, rows);
  const chosen = () => inputs.filter((input) => input.checked).map((input) => input.value);
  const maximum = kind === "radio" ? 1 : (component.max_values ?? component.options.length);
  const minimum = component.min_values ?? (required ? 1 : 0);
  return { element, focusable: inputs[0], isGroup: true, value: chosen, problem: (needed) => countProblem(chosen().length, needed, minimum, maximum) };
}

function checkbox(component, { id, described }) {
  const element = h("input", { id, class: "single-checkbox", type: "checkbox", checked: component.default ?? false, "aria-describedby": described });
  return { element, value: () => element.checked, problem: () => "" };
}

function countProblem(count, needed, minimum, maximum) {
  if (!count) return needed ? REQUIRED : "";
  if (count < minimum) return `Choose at least ${minimum}.`;
  return count > maximum ? `Choose at most ${maximum}.` : "";
}
