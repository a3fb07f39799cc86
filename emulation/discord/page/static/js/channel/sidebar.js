/** The servers, the channels and the people; on a phone a drawer. */

import { byId, h, icon } from "/js/dom.js";
import { appBadge, avatar, displayName } from "/js/users.js";
import { NEW_DM } from "/js/channel/tab-session.js";

const THREADS = [10, 11, 12];
const DRAWER = matchMedia("(max-width: 760px)");

/** `unread`: a set of channel ids; `colour(user)`: that of the highest role, or nothing;
 *  `menu(event, button, user)` opens the commands on a person. */
export class Sidebar {
  #store;
  #session;
  #unread;
  #colour;
  #menuOf;
  #drawer = byId("drawer");
  #opener = byId("open-drawer");
  #menu = byId("user-menu");
  #button;

  constructor(store, session, unread, { colour, menu }) {
    this.#colour = colour;
    this.#menuOf = menu;
    this.#store = store;
    this.#session = session;
    this.#unread = unread;
    this.#opener.append(icon("menu"));
    this.#opener.addEventListener("click", () => this.toggle(true));
    byId("scrim").addEventListener("click", () => this.toggle(false));
    this.#drawer.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && DRAWER.matches && this.#menu.hidden) this.toggle(false);
    });
    DRAWER.addEventListener("change", () => this.toggle(false));
    this.#button = byId("user-button");
    this.#button.addEventListener("click", () => this.#showMenu(this.#menu.hidden));
    this.#menu.addEventListener("keydown", (event) => this.#onMenuKey(event));
    this.#menu.addEventListener("focusout", (event) => {
      if (!this.#menu.contains(event.relatedTarget) && event.relatedTarget !== this.#button) this.#showMenu(false);
    });
    this.toggle(false);
  }

  /** Open or close the drawer; beside a wide page it is always open. */
  toggle(open) {
    const drawn = DRAWER.matches && open;
    document.body.classList.toggle("drawer-open", drawn);
    this.#drawer.inert = DRAWER.matches && !open;
    byId("main").inert = drawn;
    this.#opener.setAttribute("aria-expanded", String(drawn));
    if (drawn) this.#drawer.querySelector("[aria-current=page]")?.focus();
    else if (DRAWER.matches && this.#drawer.contains(document.activeElement)) this.#opener.focus();
  }

  draw() {
    const { guild } = this.#store;
    const isDm = this.#session.isDm;
    byId("guild-name").textContent = isDm ? "Direct Messages" : guild.name;
    this.#drawRail(isDm);
    const rows = isDm ? [this.#dmRow()] : this.#store.guildChannels().map((one) => this.#channelRow(one));
    const held = this.#drawer.contains(document.activeElement) ? document.activeElement.dataset.channel : null;
    byId("channels").replaceChildren(h("li", { class: "category" }, isDm ? "Direct messages" : "Text channels"), ...rows);
    if (held) byId("channels").querySelector(`[data-channel="${CSS.escape(held)}"]`)?.focus();
    this.#drawUser();
    this.#drawMembers(isDm);
  }

  #drawRail(isDm) {
    const first = this.#store.guildChannels()[0]?.id;
    const item = (name, current, content, act, kind) =>
      h("li", { class: current ? "current" : "" }, h("button", { type: "button", class: `rail-button ${kind}`, "aria-label": name, title: name, "aria-current": current ? "true" : null, on: { click: act } }, content));
    const initials = this.#store.guild.name.split(/\s+/).map((word) => word[0]).join("").slice(0, 3);
    byId("rail").replaceChildren(
      item("Direct Messages", isDm, "✦", () => this.#go(NEW_DM), "home"),
      h("li", { class: "rail-line" }),
      item(this.#store.guild.name, !isDm, initials, () => this.#go(first), "guild"),
    );
  }

  #channelRow(channel) {
    const symbol = channel.nsfw ? "warning" : THREADS.includes(channel.type) ? "thread" : "hash";
    const note = channel.nsfw ? "age-restricted" : THREADS.includes(channel.type) ? "thread" : "";
    return this.#row(channel.id, channel.name, h("span", { class: "row-icon" }, icon(symbol)), note);
  }

  #dmRow() {
    const { application } = this.#store;
    const bot = { id: application.id, username: application.name, bot: true };
    return this.#row(this.#store.dm(this.#session.userId)?.id ?? NEW_DM, application.name, avatar(bot, "small"), "direct message");
  }

  #row(id, name, lead, note) {
    const current = id === this.#session.channelId;
    const unread = !current && this.#unread.has(id);
    const label = [name, note, unread && "unread"].filter(Boolean).join(", ");
    return h("li", { class: note === "thread" ? "thread-row" : "" }, h("button", { type: "button", class: unread ? "channel unread" : "channel", "aria-current": current ? "page" : null, "aria-label": label, data: { channel: id }, on: { click: () => this.#go(id) } }, lead, h("span", { class: "row-name" }, name), note === "age-restricted" && h("span", { class: "nsfw-badge" }, "18+")));
  }

  #go(channelId) {
    this.#session.openChannel(channelId);
    this.toggle(false);
  }

  #drawUser() {
    const { user } = this.#session;
    this.#button.replaceChildren(avatar(user, "medium status"), h("span", { class: "user-text" }, h("span", { class: "user-name" }, displayName(user)), h("span", { class: "muted" }, user.username)), icon("people"));
    this.#button.setAttribute("aria-label", `${displayName(user)}: switch accounts`);
  }

  #drawMembers(isDm) {
    const { application } = this.#store;
    const people = isDm ? [this.#session.user] : [...this.#store.users.values()].slice(0, 50);
    const row = (user) => {
      const name = h("span", { class: "member-name" }, displayName(user));
      name.style.color = this.#colour(user);
      if (user.bot) return h("li", { class: "member" }, avatar(user, "medium status"), name, appBadge());
      const button = h("button", { type: "button", class: "member", "aria-haspopup": "menu" }, avatar(user, "medium status"), name);
      const open = (event) => {
        event.preventDefault();
        this.#menuOf(event, button, user);
      };
      button.addEventListener("click", open);
      button.addEventListener("contextmenu", open);
      return h("li", {}, button);
    };
    byId("members").replaceChildren(h("li", { class: "category" }, "App — 1"), row({ id: application.id, username: application.name, bot: true }), h("li", { class: "category" }, `Online — ${people.length}`), ...people.map(row));
  }

  #showMenu(open) {
    if (open) {
      const items = [...this.#store.users.values()].slice(0, 12).map((user) => {
        const current = user.id === this.#session.userId;
        return h("button", { type: "button", role: "menuitemradio", class: "menu-item", "aria-checked": String(current), tabindex: "-1", on: { click: () => this.#become(user.id) } }, avatar(user, "small"), h("span", { class: "row-name" }, displayName(user)), current && icon("check"));
      });
      this.#menu.replaceChildren(h("p", { class: "category", role: "presentation" }, "Switch accounts in this tab"), ...items);
    }
    this.#menu.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
    if (open) this.#menu.querySelector("[aria-checked=true]")?.focus();
  }

  #become(userId) {
    this.#session.switchUser(userId);
    this.#button.focus();
    this.#showMenu(false);
  }

  #onMenuKey(event) {
    const items = [...this.#menu.querySelectorAll("[role=menuitemradio]")];
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) items[to % items.length].focus();
    else if (event.key === "Escape") {
      this.#button.focus();
      this.#showMenu(false);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
