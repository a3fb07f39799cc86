/** The lightbox: a message's pictures in full size, one at a time, with their descriptions. */

import { byId, counterpart, h, icon } from "/js/dom.js";
import { isSmall, localPath, markFlat } from "/js/channel/attachments.js";

const MAX_SIDE = 1024;

/** A modal dialog, controlled by arrow keys and Escape; the browser gives the focus back when it closes, or `focusPage()` does. */
export class Lightbox {
  #dialog = byId("lightbox");
  #image = h("img", { class: "lightbox-image", alt: "" });
  #stage = h("div", { class: "lightbox-stage" }, this.#image);
  #caption = h("p", { class: "lightbox-caption" });
  #count = h("span", { class: "lightbox-count", "aria-live": "polite" });
  #link = h("a", { class: "lightbox-link", target: "_blank", rel: "noreferrer" }, icon("external"), "Open in browser");
  #previous;
  #next;
  #pictures = [];
  #index = 0;
  #opener = null;

  constructor(focusPage) {
    const button = (name, symbol, action) => h("button", { type: "button", class: `lightbox-button lightbox-${symbol}`, "aria-label": name, on: { click: action } }, icon(symbol));
    const close = button("Close", "close", () => this.#dialog.close());
    this.#previous = button("Previous picture", "left", () => this.#step(-1));
    this.#next = button("Next picture", "right", () => this.#step(1));
    this.#dialog.append(close, this.#stage, h("div", { class: "lightbox-bar" }, this.#caption, this.#count, this.#link), this.#previous, this.#next);
    this.#image.addEventListener("load", () => markFlat(this.#image));
    new ResizeObserver(() => this.#dialog.open && this.#fit()).observe(this.#stage);
    this.#dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") this.#step(-1);
      if (event.key === "ArrowRight") this.#step(1);
    });
    this.#dialog.addEventListener("close", () => {
      const { tile, message } = this.#opener;
      // A message that was drawn again meanwhile has another tile of the same picture, or none.
      if (tile.isConnected) return;
      const again = message?.isConnected && counterpart(tile, message);
      if (again) again.focus();
      else focusPage();
    });
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog || event.target.classList.contains("lightbox-stage")) this.#dialog.close();
    });
  }

  open(pictures, index) {
    this.#pictures = pictures;
    this.#index = index;
    const tile = document.activeElement;
    this.#opener = { tile, message: tile.closest(".message") };
    this.#draw();
    this.#dialog.showModal();
    this.#fit();
  }

  /** Give a small picture the largest whole multiple of its size that the stage holds; any other one its own size, at most. */
  #fit() {
    const { width, height } = this.#pictures[this.#index];
    const { clientWidth, clientHeight } = this.#stage;
    const style = getComputedStyle(this.#stage);
    const free = { width: clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight), height: clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom) };
    const room = Math.min(free.width / width, free.height / height, MAX_SIDE / width, MAX_SIDE / height);
    const factor = isSmall(this.#pictures[this.#index]) && room >= 1 ? Math.floor(room) : Math.min(1, room);
    this.#image.width = Math.round(width * factor);
    this.#image.height = Math.round(height * factor);
  }

  #step(by) {
    this.#index = (this.#index + by + this.#pictures.length) % this.#pictures.length;
    this.#draw();
  }

  #draw() {
    const picture = this.#pictures[this.#index];
    const several = this.#pictures.length > 1;
    this.#image.src = localPath(picture.url);
    this.#image.alt = picture.description ?? picture.filename;
    this.#fit();
    this.#caption.textContent = picture.description ?? picture.filename;
    this.#count.textContent = several ? `${this.#index + 1} of ${this.#pictures.length}` : "";
    this.#link.href = localPath(picture.url);
    this.#previous.hidden = !several;
    this.#next.hidden = !several;
  }
}
