/** Creates elements. Data becomes text nodes and attributes, never markup. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Create an element. `props`: `class`, `on` (listeners by event), `data` (dataset), any attribute;
 * false, null and undefined leave an attribute out, true gives it no value.
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (name === "data") {
      Object.assign(element.dataset, value);
    } else if (name === "value" || name === "checked") {
      element[name] = value;
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Create an SVG element. */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** The element with an id; throws if there is none. */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element #${id}.`);
  return found;
}

const ICON_PATHS = {
  hash: "M9 3 7 21M17 3l-2 18M4 8.5h17M3 15.5h17",
  warning: "M12 3 2 20h20L12 3Zm0 7v4.5M12 17v.5",
  at: "M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0Zm0 0v1.5a2.5 2.5 0 0 0 5 0V12a9 9 0 1 0-3.5 7.1",
  thread: "M4 5v7a4 4 0 0 0 4 4h11M15 12l4 4-4 4",
  menu: "M4 6h16M4 12h16M4 18h16",
  close: "M5 5l14 14M19 5 5 19",
  left: "M15 4l-8 8 8 8",
  right: "M9 4l8 8-8 8",
  plus: "M12 4v16M4 12h16",
  send: "M4 12 3 4l18 8-18 8 1-8h8",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12Zm13 0a3 3 0 1 1-6 0 3 3 0 0 1 6 0Z",
  chart: "M4 20V10M10 20V4M16 20v-7M21 20H3",
  down: "M5 9l7 7 7-7",
  check: "M4 12.5 10 18 20 6",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  reply: "M4 20v-5a4 4 0 0 1 4-4h12M15 6l5 5-5 5",
  dots: "M5 12h.01M12 12h.01M19 12h.01",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Zm-7 9c0-4 3-6 7-6s7 2 7 6M16 4.5a3.5 3.5 0 0 1 0 6M18 14.5c2.5.8 4 2.6 4 5.5",
};

/** A stroked 24 x 24 icon, hidden from assistive technology: the button around it has the name. */
export function icon(name) {
  return s("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: ICON_PATHS[name] }));
}

let isPressed = false;
const postponed = [];

/**
 * Replace or move elements: now, or, while one of them may be under a pressed button, after its release.
 *
 * The browser clicks what was both pressed and released, so what is drawn anew in between is not clicked.
 */
export function whenReleased(action) {
  if (isPressed || postponed.length) postponed.push(action);
  else action();
}

function release() {
  isPressed = false;
  // The click comes after the release.
  setTimeout(() => !isPressed && postponed.splice(0).forEach((action) => action()));
}

// A press on anything else, for example on a scrollbar, is not always followed by a release.
const isClickable = (target) => Boolean(target.closest?.("button, a, label, [role=option]"));
addEventListener("pointerdown", ({ button, target }) => (isPressed = button === 0 && isClickable(target)), true);
addEventListener("keydown", ({ key, target }) => (isPressed ||= key === " " && isClickable(target)), true);
addEventListener("pointermove", ({ buttons }) => isPressed && !buttons && release(), true);
for (const name of ["pointerup", "pointercancel", "keyup"]) addEventListener(name, release, true);
addEventListener("blur", release);

/** The element that now stands where one was that has been drawn again: of the same component, or with the same label. */
export function counterpart(element, root) {
  const { customId } = element.dataset;
  const label = element.getAttribute("aria-label");
  if (customId) return root.querySelector(`[data-custom-id="${CSS.escape(customId)}"]`);
  return label && root.querySelector(`[aria-label="${CSS.escape(label)}"]`);
}

/** Have a screen reader read a text. */
export function announce(text) {
  byId("announcer").textContent = text;
}
