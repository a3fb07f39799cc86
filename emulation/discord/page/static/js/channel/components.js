/** Buttons and select menus of a message. */

import { h, icon } from "/js/dom.js";
import { selectMenu } from "/js/channel/select-menu.js";

const ROW = 1;
const BUTTON = 2;
const LINK = 5;
const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

/**
 * The elements of a message's components.
 *
 * `click(customId, values?)` resolves once the application has responded; `listOptions(component)` gives the options of
 * select menus of users, roles and channels.
 */
export function componentsView(components, listOptions, click) {
  return components.filter((component) => component.type === ROW).map((row) =>
    h("div", { class: "component-row" }, row.components.map((component) => (component.type === BUTTON ? button(component, click) : selectMenu(component, listOptions, (values) => click(component.custom_id, values))))),
  );
}

function button(component, click) {
  const label = [component.emoji?.name && h("span", { class: "button-emoji", "aria-hidden": component.label ? "true" : null }, component.emoji.name), component.label && h("span", {}, component.label)];
  if (component.style === LINK) {
    return h("a", { class: "button link", href: webAddress(component.url), target: "_blank", rel: "noreferrer" }, label, icon("external"));
  }
  const element = h("button", { type: "button", class: `button ${STYLES[component.style] ?? "secondary"}`, disabled: component.disabled, data: { customId: component.custom_id ?? "" } }, label, h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")));
  element.addEventListener("click", async () => {
    if (element.classList.contains("busy")) return;
    element.classList.add("busy");
    element.setAttribute("aria-busy", "true");
    await click(component.custom_id);
    element.classList.remove("busy");
    element.removeAttribute("aria-busy");
  });
  return element;
}

/** The address if its scheme is http or https; a `javascript:` address would run in the page. */
function webAddress(url) {
  return /^https?:\/\//i.test(url ?? "") ? url : "about:blank";
}
