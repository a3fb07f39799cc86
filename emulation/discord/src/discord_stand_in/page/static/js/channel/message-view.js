/** The view of one message. Each part is drawn again only if it has changed. */

import { counterpart, h, icon } from "/js/dom.js";
import { appBadge, avatar, displayName } from "/js/users.js";
import { markdown } from "/js/markdown.js";
import { fullTime, stamp, timeOfDay } from "/js/time.js";
import { attachmentsKey, attachmentsView, localPath } from "/js/channel/attachments.js";
import { componentsKey, fileCount, messageText } from "/js/channel/component-tree.js";
import { componentsView } from "/js/channel/components.js";

const EPHEMERAL = 64;
const LOADING = 128;
const IS_COMPONENTS_V2 = 1 << 15;
const COMMANDS = [20, 23];
const REPLY = 19;

/** `page` gives `names`, `listOptions`, `colour(user)`, `open(pictures, index)`, `click(message, customId, values)`,
 *  `dismiss(message)`, `find(id)`, `jump(id)`, `hasCommands()`, `openMenu(event, button, message)` and `lostFocus()`. */
export class MessageView {
  #page;
  #slots = {};
  #keys = {};
  #message;

  constructor(page, message) {
    this.#page = page;
    this.element = h("li", { class: "message", data: { id: message.id }, id: `message-${message.id}` });
    this.#slots = {
      reply: h("div", { class: "message-reply" }),
      side: h("div", { class: "message-side" }),
      header: h("div", { class: "message-header" }),
      content: h("div", { class: "message-content" }),
      embeds: h("div", { class: "message-embeds" }),
      files: h("div", { class: "message-files" }),
      components: h("div", { class: "message-components" }),
      notice: h("div", { class: "message-notice" }),
    };
    const { reply, side, ...body } = this.#slots;
    this.#slots.tools = h("div", { class: "message-tools" });
    this.element.append(reply, side, h("div", { class: "message-body" }, Object.values(body)), this.#slots.tools);
  }

  get message() {
    return this.#message;
  }

  /** Bring the view up to date; `grouped`: it continues the message above. */
  update(message, grouped) {
    if (message === this.#message && grouped === this.#keys.grouped) return;
    this.#message = message;
    this.#keys.grouped = grouped;
    const { classList } = this.element;
    classList.toggle("grouped", grouped);
    classList.toggle("ephemeral", Boolean(message.flags & EPHEMERAL));
    classList.toggle("pings", Boolean(message.pings?.everyone));
    this.element.dataset.pictures = String(Math.min(fileCount(message), 4));
    this.#drawPart("reply", replyKey(message), () => this.#reply(message));
    this.#drawPart("side", String(grouped), () => side(message, grouped));
    this.#drawPart("header", `${grouped}`, () => (grouped ? [] : this.#header(message)));
    this.#drawPart("content", `${message.content}|${message.flags}|${message.edited_timestamp}`, () => this.#content(message));
    this.#drawPart("embeds", JSON.stringify(message.embeds), () => message.embeds.map((data) => embed(data, this.#page.names)));
    // A message of components alone shows a file only where a component does.
    const files = isV2(message) ? [] : message.attachments;
    this.#drawPart("files", attachmentsKey(files), () => attachmentsView(files, this.#page.open));
    this.#drawPart("components", `${componentsKey(message.components)}|${isV2(message) && message.edited_timestamp}`, () => this.#components(message));
    this.#drawPart("tools", String(this.#page.hasCommands() && !message.local), () => this.#tools());
    this.#drawPart("notice", `${message.flags}|${message.local?.error ?? ""}`, () => this.#notice(message));
  }

  /** Show an error of a component below the message; an empty text removes it. */
  showError(text) {
    this.#slots.notice.querySelector(".failed")?.remove();
    if (text) this.#slots.notice.prepend(h("p", { class: "failed", role: "alert" }, icon("warning"), text));
  }

  /** Draw a part again if its key has changed; the keyboard's focus stays on the same component while there is one. */
  #drawPart(name, key, draw) {
    if (this.#keys[name] === key) return;
    this.#keys[name] = key;
    const slot = this.#slots[name];
    const focused = slot.contains(document.activeElement) ? document.activeElement : null;
    const isVisible = focused?.matches(":focus-visible");
    slot.replaceChildren(...draw());
    const again = focused && counterpart(focused, slot);
    if (again) again.focus();
    else if (isVisible) this.#page.lostFocus();
  }

  #reply(message) {
    const metadata = message.interaction_metadata;
    if (COMMANDS.includes(message.type) && metadata?.user) {
      const name = COMMANDS[0] === message.type ? `/${metadata.name}` : metadata.name;
      return [replyLine(), avatar(metadata.user, "tiny"), h("span", { class: "reply-name" }, displayName(metadata.user)), " used ", h("span", { class: "reply-command" }, name)];
    }
    if (message.type !== REPLY || !message.message_reference) return [];
    const original = this.#page.find(message.message_reference.message_id);
    if (!original) return [replyLine(), h("span", { class: "muted" }, "Original message was deleted")];
    const text = messageText(original).replace(/[*_~|`>\\]/g, "").split("\n")[0] || "Click to see attachment";
    const jump = h("button", { type: "button", class: "reply-text", on: { click: () => this.#page.jump(original.id) } }, text.slice(0, 120));
    return [replyLine(), avatar(original.author, "tiny"), h("span", { class: "reply-name" }, displayName(original.author)), jump];
  }

  #header(message) {
    const sent = new Date(message.timestamp);
    const name = h("span", { class: "author" }, displayName(message.author));
    const colour = this.#page.colour(message.author);
    if (colour) name.style.color = colour;
    return [name, message.author.bot && appBadge(), h("time", { class: "stamp", datetime: message.timestamp, title: fullTime(sent) }, stamp(sent))].filter(Boolean);
  }

  #content(message) {
    if (message.flags & LOADING) return [thinking(message.local ? "Sending command…" : `${displayName(message.author)} is thinking…`)];
    return isV2(message) ? [] : [...markdown(message.content, this.#page.names), ...editedNote(message)];
  }

  #components(message) {
    const parts = componentsView(message.components, this.#page, async (customId, values) => {
      this.showError("");
      this.showError(await this.#page.click(message, customId, values));
    });
    return isV2(message) ? [...parts, ...editedNote(message)] : parts;
  }

  #tools() {
    if (!this.#page.hasCommands() || this.#message.local) return [];
    const more = h("button", { type: "button", class: "icon-button", "aria-label": "More", "aria-haspopup": "menu" }, icon("dots"));
    more.addEventListener("click", (event) => this.#page.openMenu(event, more, this.#message));
    this.element.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      this.#page.openMenu(event, more, this.#message);
    });
    return [more];
  }

  #notice(message) {
    const error = message.local?.error;
    const parts = error ? [h("p", { class: "failed" }, icon("warning"), error)] : [];
    if (message.flags & EPHEMERAL) {
      const dismiss = h("button", { type: "button", class: "text-link", on: { click: () => this.#page.dismiss(message) } }, "Dismiss message");
      parts.push(h("p", { class: "only-you" }, icon("eye"), "Only you can see this · ", dismiss));
    }
    return parts;
  }
}

const isV2 = (message) => Boolean(message.flags & IS_COMPONENTS_V2);

function editedNote(message) {
  if (!message.edited_timestamp) return [];
  const edited = new Date(message.edited_timestamp);
  return [" ", h("time", { class: "edited", datetime: message.edited_timestamp, title: fullTime(edited) }, "(edited)")];
}

const replyLine = () => h("span", { class: "reply-line", "aria-hidden": "true" });

const replyKey = (message) => `${message.type}|${message.message_reference?.message_id ?? ""}`;

function side(message, grouped) {
  const sent = new Date(message.timestamp);
  return [grouped ? h("time", { class: "side-time", datetime: message.timestamp, title: fullTime(sent), "aria-hidden": "true" }, timeOfDay(sent)) : avatar(message.author)];
}

function thinking(text) {
  return h("span", { class: "thinking" }, h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), text);
}

function embed(data, names) {
  const box = h("article", { class: "embed" });
  if (data.color) box.style.borderInlineStartColor = `#${data.color.toString(16).padStart(6, "0")}`;
  const picture = (image, name) => image?.url && h("img", { class: name, src: localPath(image.url), alt: "", loading: "lazy", decoding: "async" });
  box.append(
    ...[
      data.author?.name && h("p", { class: "embed-author" }, data.author.name),
      data.title && h("p", { class: "embed-title" }, markdown(data.title, names)),
      data.description && h("div", { class: "embed-description" }, markdown(data.description, names)),
      data.fields?.length && h("dl", { class: "embed-fields" }, data.fields.map((field) => h("div", { class: field.inline ? "inline" : "" }, h("dt", {}, field.name), h("dd", {}, markdown(field.value, names))))),
      picture(data.image, "embed-image"),
      picture(data.thumbnail, "embed-thumbnail"),
      data.footer?.text && h("p", { class: "embed-footer" }, data.footer.text),
    ].filter(Boolean),
  );
  return box;
}
