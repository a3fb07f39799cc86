/** The components of a message: texts, galleries and files, and the buttons and menus between them. */

import { h, icon } from "/js/dom.js";
import { markdown } from "/js/markdown.js";
import { SPOILER, fileCard, isSpoiler, pictureTile, pictureTiles, veiled } from "/js/channel/attachments.js";
import { TYPE } from "/js/channel/component-tree.js";
import { selectMenu } from "/js/channel/select-menu.js";

const LINK = 5;
const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

/**
 * The elements of a message's components.
 *
 * `page` gives `names`, `open(pictures, index)` and `listOptions(component)`, the options of select menus of users, roles
 * and channels; `click(customId, values?)` resolves once the application has responded.
 */
export function componentsView(components, page, click) {
  const view = (component) => VIEWS[component.type]?.(component, page, click, view);
  return components.map(view).filter(Boolean);
}

const VIEWS = {
  [TYPE.ROW]: (row, _page, _click, view) => h("div", { class: "component-row" }, row.components.map((component) => view(component))),
  [TYPE.BUTTON]: (component, _page, click) => button(component, click),
  [TYPE.SECTION]: (section, _page, _click, view) =>
    h("div", { class: "section" }, h("div", { class: "section-texts" }, section.components.map(view)), h("div", { class: "section-accessory" }, view(section.accessory))),
  [TYPE.TEXT_DISPLAY]: ({ content }, page) => h("div", { class: "text-display" }, markdown(content, page.names)),
  [TYPE.THUMBNAIL]: (component, page) => {
    const shown = picture(component);
    return h("div", { class: "thumbnail" }, pictureTile(shown, () => page.open([shown], 0)));
  },
  [TYPE.MEDIA_GALLERY]: ({ items }, page) => pictureTiles(items.map(picture), page.open),
  [TYPE.FILE]: ({ file, name, size, spoiler }) => veiled(fileCard({ url: file.url, filename: name ?? "file", size: size ?? 0 }), spoiler || isSpoiler({ filename: name })),
  [TYPE.SEPARATOR]: ({ divider = true, spacing = 1 }) => h("div", { class: `separator ${spacing === 2 ? "large" : "small"}`, role: divider ? "separator" : null }, divider && h("span", { class: "separator-line" })),
  [TYPE.CONTAINER]: (component, _page, _click, view) => {
    const box = h("section", { class: "container" }, component.components.map(view));
    const colour = component.accent_color;
    if (colour !== null && colour !== undefined) {
      box.classList.add("accented");
      box.style.borderInlineStartColor = `#${colour.toString(16).padStart(6, "0")}`;
    }
    return veiled(box, component.spoiler);
  },
  ...Object.fromEntries([3, 5, 6, 7, 8].map((type) => [type, (component, page, click) => selectMenu(component, page.listOptions, (values) => click(component.custom_id, values))])),
};

/** A media item with its description, in the form of an attachment. */
function picture({ media, description, spoiler }) {
  return { ...media, description, filename: media.url.split("?")[0].split("/").at(-1), flags: spoiler ? SPOILER : 0 };
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
