/** The sidebar: servers, channels and users; on a phone it is a drawer. */

import { byId, h, icon } from "/js/dom.js";
import { appBadge, avatar, displayName } from "/js/users.js";
import { CATEGORY } from "/js/channel/page-state.js";
import { LOCALES, languageName } from "/js/channel/locales.js";
import { NEW_DM } from "/js/channel/tab-session.js";

const THREADS = [10, 11, 12];
const FORUMS = [15, 16];
const DRAWER = matchMedia("(max-width: 760px)");

/** `unread`: a set of channel ids; `colour(user)`: that of the user's highest role, or nothing;
 *  `openMenu(event, button, user)` opens the menu of the commands on a user. */
export class Sidebar {
  #state;
  #session;
  #unread;
  #colour;
  #openMenu;
  #drawer = byId("drawer");
  #opener = byId("open-drawer");
  #userMenu = byId("user-menu");
  #userButton;
  #language = byId("language");
  #shown = new Map();

  constructor(state, session, unread, { colour, openMenu }) {
    this.#colour = colour;
    this.#openMenu = openMenu;
    this.#state = state;
    this.#session = session;
    this.#unread = unread;
    this.#opener.append(icon("menu"));
    this.#opener.addEventListener("click", () => this.toggle(true));
    byId("scrim").addEventListener("click", () => this.toggle(false));
    this.#drawer.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && DRAWER.matches && this.#userMenu.hidden) this.toggle(false);
    });
    DRAWER.addEventListener("change", () => this.toggle(false));
    this.#userButton = byId("user-button");
    this.#userButton.addEventListener("click", () => this.#showUserMenu(this.#userMenu.hidden));
    this.#userMenu.addEventListener("keydown", (event) => this.#onUserMenuKey(event));
    this.#userMenu.addEventListener("focusout", (event) => {
      if (!this.#userMenu.contains(event.relatedTarget) && event.relatedTarget !== this.#userButton) this.#showUserMenu(false);
    });
    this.#language.addEventListener("change", () => this.#session.chooseLocale(this.#language.value));
    this.#language.append(...LOCALES.map((locale) => h("option", { value: locale, lang: locale }, languageName(locale))));
    this.toggle(false);
  }

  /** Open or close the drawer; on a wide page it is always open. */
  toggle(open) {
    const isOpenDrawer = DRAWER.matches && open;
    document.body.classList.toggle("drawer-open", isOpenDrawer);
    this.#drawer.inert = DRAWER.matches && !open;
    byId("main").inert = isOpenDrawer;
    this.#opener.setAttribute("aria-expanded", String(isOpenDrawer));
    if (isOpenDrawer) this.#drawer.querySelector("[aria-current=page]")?.focus();
    else if (DRAWER.matches && this.#drawer.contains(document.activeElement)) this.#opener.focus();
  }

  /** Close the menu of accounts, else the drawer; returns whether one was open. */
  escape() {
    const isMenu = !this.#userMenu.hidden;
    const isDrawer = document.body.classList.contains("drawer-open");
    if (isMenu) this.#showUserMenu(false);
    else if (isDrawer) this.toggle(false);
    return isMenu || isDrawer;
  }

  draw() {
    const { guild } = this.#state;
    const isDm = this.#session.isDm;
    byId("guild-name").textContent = isDm ? "Direct Messages" : guild.name;
    this.#drawRail(isDm);
    const rows = isDm ? [this.#dmRow()] : this.#state.guildChannels().map((channel) => this.#channelRow(channel));
    this.#fill("channels", [h("li", { class: "category" }, isDm ? "Direct messages" : "Text channels"), ...rows]);
    this.#drawUser();
    this.#drawMembers(isDm);
  }

  /**
   * Fill a list whose buttons act by their `data-item`. A message somewhere draws the sidebar again: what looks the same
   * stays, with the focus that is in it.
   */
  #fill(id, items) {
    const list = byId(id);
    const shown = items.map((item) => item.outerHTML).join("");
    if (shown === this.#shown.get(id)) return;
    this.#shown.set(id, shown);
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.item : null;
    list.replaceChildren(...items);
    if (focused) list.querySelector(`[data-item="${CSS.escape(focused)}"]`)?.focus();
  }

  #drawRail(isDm) {
    const first = this.#state.defaults.channel;
    const item = (id, name, current, content, kind) =>
      h("li", { class: current ? "current" : "" }, h("button", { type: "button", class: `rail-button ${kind}`, "aria-label": name, title: name, "aria-current": current ? "true" : null, data: { item: id }, on: { click: () => this.#openChannel(id) } }, content));
    const initials = this.#state.guild.name.split(/\s+/).map((word) => word[0]).join("").slice(0, 3);
    this.#fill("rail", [
      item(NEW_DM, "Direct Messages", isDm, "✦", "home"),
      h("li", { class: "rail-line" }),
      item(first, this.#state.guild.name, !isDm, initials, "guild"),
    ]);
  }

  #channelRow(channel) {
    if (channel.type === CATEGORY) return h("li", { class: "category" }, channel.name);
    // Nobody writes in a forum itself, only in its posts.
    if (FORUMS.includes(channel.type)) return h("li", { class: "category" }, `${channel.name} (forum)`, channel.nsfw && h("span", { class: "nsfw-badge" }, "18+"));
    const symbol = channel.nsfw ? "warning" : THREADS.includes(channel.type) ? "thread" : "hash";
    const note = channel.nsfw ? "age-restricted" : THREADS.includes(channel.type) ? "thread" : "";
    return this.#row(channel.id, channel.name, h("span", { class: "row-icon" }, icon(symbol)), note);
  }

  #dmRow() {
    const { application } = this.#state;
    const bot = { id: application.id, username: application.name, bot: true };
    return this.#row(this.#state.dm(this.#session.userId)?.id ?? NEW_DM, application.name, avatar(bot, "small"), "direct message");
  }

  #row(id, name, lead, note) {
    const current = id === this.#session.channelId;
    const unread = !current && this.#unread.has(id);
    const label = [name, note, unread && "unread"].filter(Boolean).join(", ");
    return h("li", { class: note === "thread" ? "thread-row" : "" }, h("button", { type: "button", class: unread ? "channel unread" : "channel", "aria-current": current ? "page" : null, "aria-label": label, data: { item: id }, on: { click: () => this.#openChannel(id) } }, lead, h("span", { class: "row-name" }, name), note === "age-restricted" && h("span", { class: "nsfw-badge" }, "18+")));
  }

  #openChannel(channelId) {
    this.#session.openChannel(channelId);
    this.toggle(false);
  }

  #drawUser() {
    const { user } = this.#session;
    this.#userButton.replaceChildren(avatar(user, "medium status"), h("span", { class: "user-text" }, h("span", { class: "user-name" }, displayName(user)), h("span", { class: "muted" }, user.username)), icon("people"));
    this.#userButton.setAttribute("aria-label", `${displayName(user)}: switch accounts`);
    this.#language.value = this.#session.locale;
  }

  #drawMembers(isDm) {
    const { application } = this.#state;
    const people = isDm ? [this.#session.user] : [...this.#state.users.values()].slice(0, 50);
    const row = (user) => {
      const name = h("span", { class: "member-name" }, displayName(user));
      name.style.color = this.#colour(user);
      if (user.bot) return h("li", { class: "member" }, avatar(user, "medium status"), name, appBadge());
      const button = h("button", { type: "button", class: "member", "aria-haspopup": "menu", data: { item: user.id } }, avatar(user, "medium status"), name);
      const onOpen = (event) => {
        event.preventDefault();
        this.#openMenu(event, button, user);
      };
      button.addEventListener("click", onOpen);
      button.addEventListener("contextmenu", onOpen);
      return h("li", {}, button);
    };
    this.#fill("members", [h("li", { class: "category" }, "App — 1"), row({ id: application.id, username: application.name, bot: true }), h("li", { class: "category" }, `Online — ${people.length}`), ...people.map(row)]);
  }

  #showUserMenu(open) {
    if (open) {
      const items = [...this.#state.users.values()].slice(0, 12).map((user) => {
        const current = user.id === this.#session.userId;
        return h("button", { type: "button", role: "menuitemradio", class: "menu-item", "aria-checked": String(current), tabindex: "-1", on: { click: () => this.#switchUser(user.id) } }, avatar(user, "small"), h("span", { class: "row-name" }, displayName(user)), current && icon("check"));
      });
      this.#userMenu.replaceChildren(h("p", { class: "category", role: "presentation" }, "Switch accounts in this tab"), ...items);
    }
    this.#userMenu.hidden = !open;
    this.#userButton.setAttribute("aria-expanded", String(open));
    if (open) this.#userMenu.querySelector("[aria-checked=true]")?.focus();
  }

  #switchUser(userId) {
    this.#session.switchUser(userId);
    this.#userButton.focus();
    this.#showUserMenu(false);
  }

  #onUserMenuKey(event) {
    const items = [...this.#userMenu.querySelectorAll("[role=menuitemradio]")];
    const index = items.indexOf(document.activeElement);
    const target = { ArrowDown: index + 1, ArrowUp: index - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    if (target !== undefined) items[target % items.length].focus();
    else if (event.key === "Escape") {
      this.#userButton.focus();
      this.#showUserMenu(false);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
