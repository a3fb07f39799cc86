/** Names, avatars and badges of users and of the application. */

import { h } from "/js/dom.js";

const HUES = 6;

export const displayName = (user) => user.global_name || user.username;

/** A round avatar with an initial; hidden from screen readers, because the name is beside it. */
export function avatar(user, size = "") {
  const name = displayName(user);
  const hue = user.bot ? "bot" : `hue-${Number(BigInt(user.id) % BigInt(HUES))}`;
  return h("span", { class: `avatar ${hue} ${size}`.trim(), "aria-hidden": "true" }, user.bot ? "✦" : name.slice(0, 1).toUpperCase());
}

/** The badge that Discord shows beside the names of applications. */
export const appBadge = () => h("span", { class: "app-badge" }, "APP");
