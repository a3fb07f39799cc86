/** A select menu: one value is sent when it is picked, several when the menu is closed. */

import { h, icon } from "/js/dom.js";

const STRING = 3;

let numbers = 0;

/** `lists(component)` gives {label, value, description?} for menus of users, roles and channels. */
export function selectMenu(component, lists, send) {
  const id = `select-${(numbers += 1)}`;
  const options = component.type === STRING ? component.options : lists(component);
  const most = component.max_values ?? 1;
  const least = component.min_values ?? 1;
  const initial = component.type === STRING ? options.filter((one) => one.default).map((one) => one.value) : (component.default_values ?? []).map((one) => one.id);
  let chosen = new Set(initial);
  let active = -1;

  const shown = h("span", { class: "select-shown" });
  const button = h("button", {
    type: "button", class: "select-button", role: "combobox", "aria-haspopup": "listbox", "aria-expanded": "false", "aria-controls": id,
    "aria-label": component.placeholder || "Make a selection", disabled: component.disabled, data: { customId: component.custom_id },
  }, shown, icon("down"));
  const rows = options.map((one, index) =>
    h("li", { class: "popup-item", role: "option", id: `${id}-${index}`, "aria-selected": "false", on: { click: () => toggle(index), mousemove: () => move(index) } },
      one.emoji?.name && h("span", { "aria-hidden": "true" }, one.emoji.name),
      h("span", { class: "popup-text" }, h("span", { class: "popup-label" }, one.label), one.description && h("span", { class: "popup-detail" }, one.description)),
      h("span", { class: "select-tick", "aria-hidden": "true" }, icon("check"))),
  );
  const list = h("ul", { class: "select-list", role: "listbox", id, hidden: true, "aria-label": component.placeholder || "Options", "aria-multiselectable": most > 1 ? "true" : null }, rows);
  list.addEventListener("mousedown", (event) => event.preventDefault());

  function draw() {
    rows.forEach((row, index) => {
      row.setAttribute("aria-selected", String(chosen.has(options[index].value)));
      row.classList.toggle("active", index === active);
    });
    const labels = options.filter((one) => chosen.has(one.value)).map((one) => one.label);
    shown.textContent = labels.join(", ") || component.placeholder || "Make a selection";
    shown.classList.toggle("muted", !labels.length);
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
    list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    active = Math.max(0, options.findIndex((one) => chosen.has(one.value)));
    draw();
  }
  async function close() {
    if (list.hidden) return;
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    draw();
    const values = [...chosen];
    const isNew = values.length !== initial.length || values.some((one) => !initial.includes(one));
    if (isNew && values.length >= least) {
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
    if (most === 1) {
      chosen = new Set([value]);
      close();
      return;
    }
    if (chosen.has(value)) chosen.delete(value);
    else if (chosen.size < most) chosen.add(value);
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
