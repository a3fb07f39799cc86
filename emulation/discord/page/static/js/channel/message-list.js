/** The messages of a channel: one view per message, kept while the message is there. */

import { announce, byId, h, icon } from "/js/dom.js";
import { dayName } from "/js/time.js";
import { MessageView } from "/js/channel/message-view.js";

const GROUP_MS = 7 * 60_000;
const NEAR_PX = 80;

/** Draws what `messages()` gives; stays at the bottom if it is there. */
export class MessageList {
  #host;
  #scroller = byId("scroller");
  #list = byId("messages");
  #jump = byId("jump");
  #views = new Map();
  #dividers = new Map();
  #stuck = true;
  #queued = false;

  constructor(host) {
    this.#host = host;
    this.#scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    new ResizeObserver(() => this.#stuck && this.toBottom()).observe(this.#list);
    new ResizeObserver(() => this.#stuck && this.toBottom()).observe(this.#scroller);
    this.#jump.addEventListener("click", () => this.toBottom());
    this.#scroller.addEventListener("keydown", (event) => {
      if (event.target === this.#scroller && event.key === "End") this.toBottom();
    });
  }

  /** Another channel: nothing is kept, and it opens at its newest message. */
  clear() {
    this.#views.clear();
    this.#dividers.clear();
    this.#list.replaceChildren();
    this.#stuck = true;
  }

  /** Make every view anew: what messages can do has changed. */
  redraw() {
    this.#views.clear();
    this.refresh();
  }

  /** Draw soon, once for however many changes come before the next frame. */
  refresh() {
    if (this.#queued) return;
    this.#queued = true;
    // A hidden tab gets no frames, and its messages must be there when it is looked at.
    const soon = document.hidden ? (act) => setTimeout(act, 50) : requestAnimationFrame;
    soon(() => {
      this.#queued = false;
      this.draw();
    });
  }

  draw() {
    const messages = this.#host.messages();
    const gone = new Set(this.#views.keys());
    const nodes = [];
    let above = null;
    for (const message of messages) {
      gone.delete(message.id);
      const day = new Date(message.timestamp).toDateString();
      if (!above || new Date(above.timestamp).toDateString() !== day) nodes.push(this.#divider(day));
      nodes.push(this.#view(message, continues(above, message)).element);
      above = message;
    }
    this.#arrange(nodes);
    for (const id of gone) this.#views.delete(id);
    byId("welcome").hidden = false;
    if (this.#stuck) this.toBottom();
  }

  view(id) {
    return this.#views.get(id);
  }

  /** Bring a message into view and light it up for a moment. */
  jumpTo(id) {
    const element = this.#views.get(id)?.element;
    if (!element) return;
    this.#stuck = false;
    element.scrollIntoView({ block: "center" });
    element.classList.add("lit");
    element.addEventListener("animationend", () => element.classList.remove("lit"), { once: true });
  }

  toBottom() {
    this.#stuck = true;
    this.#jump.hidden = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #view(message, grouped) {
    let view = this.#views.get(message.id);
    if (!view) {
      view = new MessageView(this.#host, message);
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

  /** Make the list hold these nodes, touching only what is out of place. */
  #arrange(nodes) {
    const wanted = new Set(nodes);
    for (const child of [...this.#list.children]) if (!wanted.has(child)) child.remove();
    let at = this.#list.firstElementChild;
    for (const node of nodes) {
      if (node === at) at = at.nextElementSibling;
      else this.#list.insertBefore(node, at);
    }
  }

  #onScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    this.#stuck = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    this.#jump.hidden = this.#stuck;
  }
}

/** What a reader who does not see the page is told of a message. */
export function tell(message) {
  const name = message.author.global_name || message.author.username;
  if (message.flags & 128) announce(`${name} is thinking`);
  else announce(`${name}: ${message.content.replace(/[*_~|`>\\]/g, "").slice(0, 300)}${message.attachments.length ? ` — ${message.attachments.length} attachments` : ""}`);
}

/** The button that leads back to the newest message. */
export function fillJump() {
  byId("jump").append("Jump to present ", icon("down"));
}

function continues(above, message) {
  if (!above || message.type !== 0 || message.local || above.local) return false;
  if ((above.flags & 64) !== (message.flags & 64)) return false;
  return above.author.id === message.author.id && new Date(message.timestamp) - new Date(above.timestamp) < GROUP_MS;
}
