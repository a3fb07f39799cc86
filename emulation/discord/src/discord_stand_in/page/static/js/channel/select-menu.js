/** A select menu: a single value is sent when it is picked, several when the menu is closed. */

import { h, icon } from "/js/dom.js";

const STRING = 3;

let idCount = 0;

/** `listOptions(component)` gives {label, value, description?} for menus of users, roles and channels. */
export function selectMenu(component, listOptions, send) {
  const id = `select-${(idCount += 1)}`;
  const options = component.type === STRING ? component.options : listOptions(component);
  const maximum = component.max_values ?? 1;
  const minimum = component.min_values ?? 1;
  const initial = component.type === STRING ? options.filter((option) => option.default).map((option) => option.value) : (component.default_values ?? []).map(({ id: defaultId }) => defaultId);
  let chosen = new Set(initial);
  let active = -1;

  const label = h("span", { class: "select-shown" });
  const button = h("button", {
    type: "button", class: "select-button", role: "combobox", "aria-haspopup": "listbox", "aria-expanded": "false", "aria-controls": id,
    "aria-label": component.placeholder || "Make a selection", disabled: component.disabled, data: { customId: component.custom_id },
  }, label, icon("down"));
  const rows = options.map((option, index) =>
    h("li", { class: "popup-item", role: "option", id: `${id}-${index}`, "aria-selected": "false", on: { click: () => toggle(index), mousemove: () => move(index) } },
      option.emoji?.name && h("span", { "aria-hidden": "true" }, option.emoji.name),
      h("span", { class: "popup-text" }, h("span", { class: "popup-label" }, option.label), option.description && h("span", { class: "popup-detail" }, option.description)),
      h("span", { class: "select-tick", "aria-hidden": "true" }, icon("check"))),
  );
  const list = h("ul", { class: "select-list", role: "listbox", id, hidden: true, "aria-label": component.placeholder || "Options", "aria-multiselectable": maximum > 1 ? "true" : null }, rows);
  list.addEventListener("mousedown", (event) => event.preventDefault());

  function draw() {
    rows.forEach((row, index) => {
      row.setAttribute("aria-selected", String(chosen.has(options[index].value)));
      row.classList.toggle("active", index === active);
    });
    const labels = options.filter((option) => chosen.has(option.value)).map((option) => option.label);
    label.textContent = labels.join(", ") || component.placeholder || "Make a selection";
    label.classList.toggle("muted", !labels.length);
    if (active >= 0 && !list.hidden) button.setAttribute("aria-activedescendant", rows[active].id);
    else button.removeAttribute("aria-activedescendant");
  }
  function move(index) {
    if (index === active) return;
    active = index;
    draw();
    rows[active]?.scrollIntoView({ block: "nearest" });
  }
  function open() {
    // What is chosen while the choice before is being sent would be lost with the answer to it.
    if (button.ariaBusy === "true") return;
    list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    active = Math.max(0, options.findIndex((option) => chosen.has(option.value)));
    draw();
  }
  async function close() {
    if (list.hidden) return;
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    draw();
    const values = [...chosen];
    const isChanged = values.length !== initial.length || values.some((value) => !initial.includes(value));
    if (isChanged && values.length >= minimum) {
      button.setAttribute("aria-busy", "true");
      await send(values);
      button.removeAttribute("aria-busy");
    }
    chosen = new Set(initial);
    draw();
  }
  function toggle(index) {
    const { value } = options[index] ?? {};
    if (value === undefined) return;
    if (maximum === 1) {
      chosen = new Set([value]);
      close();
      return;
    }
    if (chosen.has(value)) chosen.delete(value);
    else if (chosen.size < maximum) chosen.add(value);
    draw();
  }

  button.addEventListener("click", () => (list.hidden ? open() : close()));
  button.addEventListener("blur", () => close());
  button.addEventListener("keydown", (event) => {
    const isOpen = !list.hidden;
    if (event.key === "ArrowDown") isOpen ? move(Math.min(active + 1, rows.length - 1)) : open();
    else if (event.key === "ArrowUp") isOpen ? move(Math.max(active - 1, 0)) : open();
    else if (event.key === "Home" && isOpen) move(0);
    else if (event.key === "End" && isOpen) move(rows.length - 1);
    else if ((event.key === "Enter" || event.key === " ") && isOpen) toggle(active);
    else if (event.key === "Escape" && isOpen) {
      chosen = new Set(initial);
      close();
    } else return;
    event.preventDefault();
  });
  draw();
  return h("div", { class: "select" }, button, list);
}
