/** The messages of a channel: one view per message, kept as long as the message exists. */

import { announce, byId, h, icon, whenReleased } from "/js/dom.js";
import { dayName } from "/js/time.js";
import { fileCount, messageText } from "/js/channel/component-tree.js";
import { MessageView } from "/js/channel/message-view.js";

const MAX_GROUP_GAP_MS = 7 * 60_000;
const AT_BOTTOM_PX = 80;

/** Draws `page.messages()`; while it is scrolled to the bottom, it stays there. */
export class MessageList {
  #page;
  #scroller = byId("scroller");
  #list = byId("messages");
  #jump = byId("jump");
  #views = new Map();
  #dividers = new Map();
  #isAtBottom = true;
  #isQueued = false;

  constructor(page) {
    this.#page = page;
    this.#scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    new ResizeObserver(() => this.#isAtBottom && this.scrollToBottom()).observe(this.#list);
    new ResizeObserver(() => this.#isAtBottom && this.scrollToBottom()).observe(this.#scroller);
    this.#jump.addEventListener("click", () => this.scrollToBottom());
    this.#scroller.addEventListener("keydown", (event) => {
      if (event.target === this.#scroller && event.key === "End") this.scrollToBottom();
    });
  }

  /** Remove everything, for another channel; that one opens at its newest message. */
  clear() {
    this.#views.clear();
    this.#dividers.clear();
    this.#list.replaceChildren();
    this.#isAtBottom = true;
  }

  /** Create every view again, because the commands on messages have changed. */
  redraw() {
    this.#views.clear();
    this.refresh();
  }

  /** Draw in the next frame, once for all changes until then. */
  refresh() {
    if (this.#isQueued) return;
    this.#isQueued = true;
    // A hidden tab gets no frames, but its messages must be there when it is shown again.
    const schedule = document.hidden ? (draw) => setTimeout(draw, 50) : requestAnimationFrame;
    schedule(() =>
      whenReleased(() => {
        this.#isQueued = false;
        this.draw();
      }),
    );
  }

  draw() {
    const messages = this.#page.messages();
    const removed = new Set(this.#views.keys());
    const nodes = [];
    let above = null;
    for (const message of messages) {
      removed.delete(message.id);
      const day = new Date(message.timestamp).toDateString();
      if (!above || new Date(above.timestamp).toDateString() !== day) nodes.push(this.#divider(day));
      nodes.push(this.#view(message, isGrouped(above, message)).element);
      above = message;
    }
    this.#reconcile(nodes);
    for (const id of removed) this.#views.delete(id);
    byId("welcome").hidden = false;
    if (this.#isAtBottom) this.scrollToBottom();
  }

  view(id) {
    return this.#views.get(id);
  }

  /** Scroll to a message and highlight it for a moment. */
  jumpTo(id) {
    const element = this.#views.get(id)?.element;
    if (!element) return;
    this.#isAtBottom = false;
    element.scrollIntoView({ block: "center" });
    element.classList.add("highlighted");
    element.addEventListener("animationend", () => element.classList.remove("highlighted"), { once: true });
  }

  scrollToBottom() {
    this.#isAtBottom = true;
    this.#jump.hidden = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #view(message, grouped) {
    let view = this.#views.get(message.id);
    if (!view) {
      view = new MessageView(this.#page, message);
      this.#views.set(message.id, view);
    }
    view.update(message, grouped);
    return view;
  }

  #divider(day) {
    if (!this.#dividers.has(day)) {
      this.#dividers.set(day, h("li", { class: "divider" }, h("span", {}, dayName(new Date(day)))));
    }
    return this.#dividers.get(day);
  }

  /** Make the list hold these nodes in this order; nodes that are in place are not touched. */
  #reconcile(nodes) {
    const wanted = new Set(nodes);
    for (const child of [...this.#list.children]) if (!wanted.has(child)) child.remove();
    let next = this.#list.firstElementChild;
    for (const node of nodes) {
      if (node === next) next = next.nextElementSibling;
      else this.#list.insertBefore(node, next);
    }
  }

  #onScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    this.#isAtBottom = scrollHeight - scrollTop - clientHeight < AT_BOTTOM_PX;
    this.#jump.hidden = this.#isAtBottom;
  }
}

/** Have a screen reader read a message. */
export function announceMessage(message) {
  const name = message.author.global_name || message.author.username;
  if (message.flags & 128) announce(`${name} is thinking`);
  else announce(`${name}: ${messageText(message).replace(/[*_~|`>\\]/g, "").slice(0, 300)}${fileCount(message) ? ` — ${fileCount(message)} attachments` : ""}`);
}

/** Fill the button that leads back to the newest message. */
export function drawJumpButton() {
  byId("jump").append("Jump to present ", icon("down"));
}

/** Whether a message is drawn as the continuation of the one above. */
function isGrouped(above, message) {
  if (!above || message.type !== 0 || message.local || above.local) return false;
  if ((above.flags & 64) !== (message.flags & 64)) return false;
  return above.author.id === message.author.id && new Date(message.timestamp) - new Date(above.timestamp) < MAX_GROUP_GAP_MS;
}
