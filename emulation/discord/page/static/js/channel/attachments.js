/** The files of a message: pictures in Discord's mosaic, anything else as a card. */

import { h, icon } from "/js/dom.js";

export const SPOILER = 8;
const MAX_PICTURES = 10;

/** The address as a path, so that it works under every name of this host. */
export function localPath(url) {
  const { pathname, search } = new URL(url, location.href);
  return pathname + search;
}

const isPicture = (file) => file.content_type?.startsWith("image/") && file.width;

/** A key that changes when the view must be drawn again; fresh links to the same files keep it. */
export function attachmentsKey(attachments) {
  return attachments.map((file) => `${file.id}:${file.description ?? ""}:${file.flags ?? 0}`).join();
}

/** The elements of a message's files. `open(pictures, index)` shows pictures in the lightbox. */
export function attachmentsView(attachments, open) {
  const pictures = attachments.filter(isPicture).slice(0, MAX_PICTURES);
  const files = attachments.filter((file) => !isPicture(file));
  const parts = files.map(fileCard);
  if (pictures.length) parts.unshift(pictureTiles(pictures, open));
  return parts;
}

/** Pictures in a mosaic. */
export function pictureTiles(pictures, open) {
  const label = pictures.length === 1 ? "1 picture" : `${pictures.length} pictures`;
  const tiles = pictures.map((file, index) => pictureTile(file, () => open(pictures, index)));
  return h("div", { class: `mosaic mosaic-${pictures.length}`, role: "group", "aria-label": label }, tiles);
}

/** A picture as a button that calls `open`; a spoiler is revealed first. */
export function pictureTile(picture, open) {
  const alt = picture.description ?? "";
  const image = h("img", {
    // `loading` must be set before `src`, else the browser has already begun to load.
    loading: "lazy", decoding: "async", width: picture.width, height: picture.height, alt, src: localPath(picture.url),
  });
  const hidden = Boolean(picture.flags & SPOILER);
  const name = hidden ? "Spoiler, press to reveal" : `Open picture: ${alt || picture.filename}`;
  const button = h("button", { type: "button", class: hidden ? "tile spoiler" : "tile", "aria-label": name, title: hidden ? null : alt || null }, image, alt && h("span", { class: "alt-badge", "aria-hidden": "true" }, "ALT"), hidden && h("span", { class: "spoiler-word" }, "Spoiler"));
  button.addEventListener("click", () => {
    if (!button.classList.contains("spoiler")) return open();
    button.classList.remove("spoiler");
    button.querySelector(".spoiler-word").remove();
    button.setAttribute("aria-label", `Open picture: ${alt || picture.filename}`);
    return undefined;
  });
  image.addEventListener("error", () => button.classList.add("broken"));
  return button;
}

/** A file as a card with a link that downloads it. */
export function fileCard(file) {
  const size = file.size < 1024 ? `${file.size} bytes` : `${(file.size / 1024).toFixed(2)} KB`;
  return h("div", { class: "file-card" }, icon("external"), h("span", { class: "file-text" }, h("a", { href: localPath(file.url), download: file.filename }, file.filename), h("span", { class: "muted" }, size)));
}
