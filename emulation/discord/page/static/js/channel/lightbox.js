/** The lightbox: a message's pictures in full size, one at a time, with their descriptions. */

import { byId, h, icon } from "/js/dom.js";
import { localPath } from "/js/channel/attachments.js";

/** A modal dialog, controlled by arrow keys and Escape; the browser gives the focus back when it closes. */
export class Lightbox {
  #dialog = byId("lightbox");
  #image = h("img", { class: "lightbox-image", alt: "" });
  #caption = h("p", { class: "lightbox-caption" });
  #count = h("span", { class: "lightbox-count", "aria-live": "polite" });
  #link = h("a", { class: "lightbox-link", target: "_blank", rel: "noreferrer" }, icon("external"), "Open in browser");
  #previous;
  #next;
  #pictures = [];
  #index = 0;

  constructor() {
    const button = (name, symbol, action) => h("button", { type: "button", class: `lightbox-button lightbox-${symbol}`, "aria-label": name, on: { click: action } }, icon(symbol));
    const close = button("Close", "close", () => this.#dialog.close());
    this.#previous = button("Previous picture", "left", () => this.#step(-1));
    this.#next = button("Next picture", "right", () => this.#step(1));
    this.#dialog.append(close, h("div", { class: "lightbox-stage" }, this.#image), h("div", { class: "lightbox-bar" }, this.#caption, this.#count, this.#link), this.#previous, this.#next);
    this.#dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") this.#step(-1);
      if (event.key === "ArrowRight") this.#step(1);
    });
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog || event.target.classList.contains("lightbox-stage")) this.#dialog.close();
    });
  }

  open(pictures, index) {
    this.#pictures = pictures;
    this.#index = index;
    this.#draw();
    this.#dialog.showModal();
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
    this.#image.width = picture.width;
    this.#image.height = picture.height;
    this.#caption.textContent = picture.description ?? picture.filename;
    this.#count.textContent = several ? `${this.#index + 1} of ${this.#pictures.length}` : "";
    this.#link.href = localPath(picture.url);
    this.#previous.hidden = !several;
    this.#next.hidden = !several;
  }
}
