/** The form of a modal that the application opened. */

import { byId, counterpart, h, icon } from "/js/dom.js";
import { interact } from "/js/control-api.js";
import { markdown } from "/js/markdown.js";
import { TYPE } from "/js/channel/component-tree.js";
import { inputOf } from "/js/channel/modal-inputs.js";

const FAILED = "Something went wrong. Try again.";

/** `listOptions(component)` gives the options of select menus of users, roles and channels. */
export class ModalForm {
  #dialog = byId("modal");
  #listOptions;
  #state;
  #focusPage;

  #fields = [];
  /** Gives the focus back, once. */
  #refocus = () => {};

  /** `state` gives the limit of a file's size; `focusPage()` moves the focus to where commands are typed. */
  constructor(listOptions, state, focusPage) {
    this.#listOptions = listOptions;
    this.#state = state;
    this.#focusPage = focusPage;
    // Escape closes it, too.
    this.#dialog.addEventListener("close", () => this.#refocus());
  }

  get isOpen() {
    return this.#dialog.open;
  }

  /** The field that takes a dropped or pasted file; null if the form has none. */
  fileField() {
    const fields = this.#fields.map(({ fileField }) => fileField).filter(Boolean);
    return fields.find(({ isEmpty }) => isEmpty) ?? fields.at(-1) ?? null;
  }

  /** Show the form that an interaction opened; `onResult(result)` gets the result of submitting it. */
  open(interactionId, data, application, session, onResult) {
    const fields = [];
    const body = data.components.flatMap((part) => this.#part(part, fields));
    const alert = h("p", { class: "form-error", role: "alert" });
    const submit = h("button", { type: "submit", class: "button primary" }, "Submit");
    const cancel = h("button", { type: "button", class: "button quiet", on: { click: () => this.#close() } }, "Cancel");
    const close = h("button", { type: "button", class: "icon-button", "aria-label": "Close", on: { click: () => this.#close() } }, icon("close"));
    const form = h("form", { class: "modal-form", novalidate: true },
      h("header", {}, h("h2", { id: "modal-title" }, data.title), close),
      h("p", { class: "modal-note" }, `This form will be submitted to ${application}. Do not share passwords or other sensitive information.`),
      h("div", { class: "modal-fields" }, body), alert,
      h("footer", {}, cancel, submit));
    const isShown = () => form.isConnected && this.#dialog.open;
    let isWaiting = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (isWaiting) return;
      isWaiting = true;
      await Promise.all(fields.map(({ fileField }) => fileField?.settled()));
      isWaiting = false;
      // Whoever closes the form while its files are uploaded does not submit it.
      if (!isShown()) return;
      const invalid = fields.filter((field) => !field.check());
      if (invalid.length) {
        invalid[0].focus();
        return;
      }
      submit.disabled = true;
      alert.textContent = "";
      const values = Object.fromEntries(await Promise.all(fields.map(async (field) => [field.name, await field.value()])));
      const result = await interact({ modal: interactionId, fields: values, user_id: session.userId, locale: session.locale }).catch((error) => ({ notice: error.message }));
      submit.disabled = false;
      if (result.notice) {
        alert.textContent = result.notice || FAILED;
        return;
      }
      // Another form may be open by now.
      if (isShown()) this.#close();
      onResult(result);
    });
    this.#fields = fields;
    this.#dialog.replaceChildren(form);
    this.#returnFocus(document.activeElement);
    this.#dialog.showModal();
    // A form that only asks whether to go on begins at its answer.
    (fields[0] ?? submit).focus();
  }

  /** Close the form. The focus is back at once: keys that are pressed before the browser's event would be lost. */
  #close() {
    this.#dialog.close();
    this.#refocus();
  }

  /**
   * When the form is closed, the browser gives the focus back to what opened it. A message that was drawn again
   * meanwhile has another button of the same name, or none. In Chromium a field that gets the focus back so has no
   * caret, and takes no typing until it gets the focus again.
   */
  #returnFocus(opener) {
    this.#refocus = () => {};
    const message = opener.closest(".message");
    if (!opener.matches(":focus-visible")) return;
    this.#refocus = () => {
      this.#refocus = () => {};
      if (opener.isConnected) {
        if (opener === document.activeElement && opener.matches("input")) {
          opener.blur();
          opener.focus();
        }
        return;
      }
      const again = message?.isConnected && counterpart(opener, message);
      if (again) again.focus();
      else this.#focusPage();
    };
  }

  #part(part, fields) {
    if (part.type === TYPE.TEXT_DISPLAY) return [h("div", { class: "modal-text" }, markdown(part.content, this.#state.names))];
    if (part.type === TYPE.LABEL) return [this.#field(part.component, part.label, part.description, fields)];
    if (part.type === TYPE.ROW) return part.components.map((component) => this.#field(component, component.label, null, fields));
    return [];
  }

  #field(component, label, description, fields) {
    const id = `field-${component.custom_id}`;
    const error = h("span", { class: "form-error", id: `${id}-error` });
    const required = component.type !== TYPE.CHECKBOX && (component.required ?? true);
    const described = description ? `${id}-description ${id}-error` : `${id}-error`;
    const input = inputOf(component, { id, described, required, label: label ?? component.custom_id, listOptions: this.#listOptions, limit: this.#state.limits.attachment_bytes });
    fields.push({
      name: component.custom_id,
      value: input.value,
      fileField: input.fileField,
      focus: () => (input.focusable ?? input.element).focus(),
      check: () => {
        const problem = input.problem(required);
        error.textContent = problem;
        if (problem) input.element.setAttribute("aria-invalid", "true");
        else input.element.removeAttribute("aria-invalid");
        return !problem;
      },
    });
    const text = [label ?? component.custom_id, required && h("span", { class: "required", "aria-hidden": "true" }, " *")];
    const name = input.isGroup ? h("span", { class: "modal-label", id: `${id}-label` }, text) : h("label", { class: "modal-label", for: id }, text);
    return h("div", { class: "modal-field" }, name,
      description && h("span", { class: "muted", id: `${id}-description` }, description), input.element, error);
  }
}
