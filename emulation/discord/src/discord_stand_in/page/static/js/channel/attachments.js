/** The files of a message: pictures in Discord's mosaic, anything else as a card. */

import { h, icon } from "/js/dom.js";

/** https://docs.discord.com/developers/resources/message#attachment-object-attachment-flags */
export const SPOILER = 8;
const SPOILER_NAME = "SPOILER_";
const MAX_PICTURES = 10;
/** Pictures of at most so many pixels a side are shown at a whole multiple of their size, or at quarters of it. */
const SMALL = 256;
/** Of larger ones, no pixel is seen when they are enlarged. */
const MAX_FLAT_SIDE = 128;
/** Colours, of four bits a channel, of a picture of flat areas; a photograph has more. */
const MAX_FLAT_COLOURS = 64;

/** Whether a file is veiled: by its flag, or by its name. */
export const isSpoiler = ({ flags = 0, filename = "" }) => Boolean(flags & SPOILER) || filename.startsWith(SPOILER_NAME);

/** Whether a picture is shown at a whole multiple of its size. */
export const isSmall = ({ width, height }) => width <= SMALL && height <= SMALL;

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
  const parts = files.map((file) => veiled(fileCard(file), isSpoiler(file)));
  if (pictures.length) parts.unshift(pictureTiles(pictures, open));
  return parts;
}

/** Pictures in a mosaic. */
export function pictureTiles(pictures, open) {
  const label = pictures.length === 1 ? "1 picture" : `${pictures.length} pictures`;
  const tiles = pictures.map((file) => pictureTile(file, () => openRevealed(file)));
  // The lightbox shows no picture whose veil was not lifted.
  const openRevealed = (file) => {
    const revealed = pictures.filter((_, index) => !tiles[index].classList.contains("spoiler"));
    open(revealed, revealed.indexOf(file));
  };
  const [{ width, height }] = pictures;
  const isWhole = pictures.every((file) => isSmall(file) && file.width === width && file.height === height);
  const mosaic = h("div", { class: `mosaic mosaic-${pictures.length}`, role: "group", "aria-label": label }, tiles);
  if (isWhole) {
    mosaic.classList.add("whole");
    mosaic.style.setProperty("--width", width);
    mosaic.style.setProperty("--height", height);
  }
  return mosaic;
}

/** A picture as a button that calls `open`; a spoiler is revealed first. */
export function pictureTile(picture, open) {
  const alt = picture.description ?? "";
  const image = h("img", {
    // `loading` must be set before `src`, else the browser has already begun to load.
    loading: "lazy", decoding: "async", width: picture.width, height: picture.height, alt, src: localPath(picture.url),
  });
  const hidden = isSpoiler(picture);
  const name = hidden ? "Spoiler, press to reveal" : `Open picture: ${alt || picture.filename}`;
  const button = h("button", { type: "button", class: hidden ? "tile spoiler" : "tile", "aria-label": name, title: hidden ? null : alt || null }, image, alt && h("span", { class: "alt-badge", "aria-hidden": "true" }, "ALT"), hidden && h("span", { class: "spoiler-word" }, "Spoiler"));
  button.addEventListener("click", () => {
    if (!button.classList.contains("spoiler")) return open();
    button.classList.remove("spoiler");
    button.querySelector(".spoiler-word").remove();
    button.setAttribute("aria-label", `Open picture: ${alt || picture.filename}`);
    return undefined;
  });
  image.addEventListener("load", () => markFlat(image));
  image.addEventListener("error", () => button.classList.add("broken"));
  return button;
}

/** Note on a small picture that has loaded whether it is flat: enlarged, its pixels stay sharp; any other one is smooth. */
export function markFlat(image) {
  const { naturalWidth: width, naturalHeight: height } = image;
  if (Math.max(width, height) > MAX_FLAT_SIDE) return image.classList.remove("flat");
  const canvas = new OffscreenCanvas(width, height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const { data } = canvas.getImageData(0, 0, width, height);
  const colours = new Set();
  for (let at = 0; at < data.length; at += 4) colours.add(((data[at] >> 4) << 8) | ((data[at + 1] >> 4) << 4) | (data[at + 2] >> 4));
  return image.classList.toggle("flat", colours.size <= MAX_FLAT_COLOURS);
}

/** An element that is blurred until it is clicked, if it is a spoiler. */
export function veiled(element, spoiler) {
  if (!spoiler) return element;
  const cover = h("button", { type: "button", class: "veil-cover", "aria-label": "Spoiler, press to reveal" }, h("span", { class: "spoiler-word" }, "Spoiler"));
  const box = h("div", { class: "veil" }, element, cover);
  element.inert = true;
  cover.addEventListener("click", () => {
    element.inert = false;
    box.classList.add("revealed");
    cover.remove();
  });
  return box;
}

/** A file as a card with a link that downloads it. */
export function fileCard(file) {
  const size = file.size < 1024 ? `${file.size} bytes` : `${(file.size / 1024).toFixed(2)} KB`;
  return h("div", { class: "file-card" }, icon("external"), h("span", { class: "file-text" }, h("a", { href: localPath(file.url), download: file.filename }, file.filename), h("span", { class: "muted" }, size)));
}
