/** A field for files: a button that opens the chooser, and a preview of each file that was chosen, dropped or pasted. */

import { h, icon } from "/js/dom.js";
import { upload } from "/js/control-api.js";

/** https://docs.discord.com/developers/reference#file-type-filtering */
const GROUPS = {
  image: [".png", ".gif", ".jpg", ".jpeg", ".jfif", ".webp", ".avif"],
  video: [".mp4", ".mov", ".qt", ".webm"],
  audio: [".mp3", ".m4a", ".wav", ".ogg", ".opus", ".flac"],
};
const MEBIBYTE = 1024 * 1024;

const extensionsOf = (types) => types.flatMap((type) => GROUPS[type] ?? [type]);

/** The file types of an option or of an upload, in words; empty if it takes every file. */
export function fileTypesInWords(types = []) {
  return types.map((type) => (GROUPS[type] ? `${type} files (${GROUPS[type].join(" ")})` : type)).join(", ");
}

/** A size for people. */
export function sizeInWords(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < MEBIBYTE ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / MEBIBYTE).toFixed(1)} MB`;
}

/**
 * A field that takes one file, or several.
 *
 * `types`: Discord's `file_types`; `maximum`: how many files; `limit`: bytes of one, at most; `onChange()` is called
 * after each change, also when an upload has ended.
 */
export class FileField {
  #types;
  #maximum;
  #limit;
  #onChange;
  #entries = [];
  #previews = h("ul", { class: "file-previews" });
  #pick = h("span", {});
  /** What is wrong with the files; empty if nothing is. */
  problem = "";

  constructor({ id, types, maximum = 1, limit = Infinity, attributes = {}, onChange = () => {} }) {
    this.#types = types ?? [];
    this.#maximum = maximum;
    this.#limit = limit;
    this.#onChange = onChange;
    this.input = h("input", { id, class: "visually-hidden", type: "file", multiple: maximum > 1, accept: extensionsOf(this.#types).join() || null, ...attributes });
    this.input.addEventListener("change", () => {
      // Cancelling the chooser empties the input; the files that were chosen before stay.
      if (this.input.files.length) this.add([...this.input.files]);
      this.input.value = "";
    });
    this.element = h("span", { class: "file-field" }, this.input, this.#previews, h("label", { class: "button secondary file-pick", for: id }, icon("plus"), this.#pick));
    this.#draw();
  }

  get isEmpty() {
    return !this.#entries.length;
  }

  get count() {
    return this.#entries.length;
  }

  /** The ids of the files, once all of them are uploaded. */
  async ids() {
    // Another one may be chosen while these are being uploaded.
    while (this.#entries.some(({ isUploaded }) => !isUploaded)) await Promise.all(this.#entries.map((entry) => entry.uploading));
    return this.#entries.map((entry) => entry.id).filter(Boolean);
  }

  /** The id of the only file; undefined while it is being uploaded. */
  get id() {
    return this.#entries[0]?.id;
  }

  /** Resolves once no file is being uploaded. */
  async settled() {
    await this.ids();
  }

  /** Take files; those over the maximum replace the oldest. */
  add(files) {
    this.problem = "";
    for (const file of files) {
      const problem = this.#refusal(file);
      if (problem) this.problem = problem;
      else this.#entries.push(this.#uploaded(file));
    }
    while (this.#entries.length > this.#maximum) this.#drop(this.#entries[0]);
    this.#changed();
  }

  removeLast() {
    this.problem = "";
    if (this.#entries.length) this.#drop(this.#entries.at(-1));
    this.#changed();
  }

  #refusal(file) {
    const extensions = extensionsOf(this.#types);
    if (extensions.length && !extensions.some((one) => file.name.toLowerCase().endsWith(one))) return `${file.name} is not one of ${fileTypesInWords(this.#types)}.`;
    return file.size > this.#limit ? `${file.name} is too large: ${sizeInWords(file.size)}, at most ${sizeInWords(this.#limit)}.` : "";
  }

  #uploaded(file) {
    const entry = { file, address: file.type.startsWith("image/") ? URL.createObjectURL(file) : "" };
    entry.preview = this.#preview(entry);
    entry.uploading = upload(file).then(
      ({ id }) => {
        entry.id = id;
        entry.preview.removeAttribute("aria-busy");
      },
      (error) => {
        // What became of a file that was replaced or removed meanwhile is of no interest.
        if (!this.#entries.includes(entry)) return;
        this.problem = error.message;
        this.#drop(entry);
      },
    ).then(() => {
      entry.isUploaded = true;
      this.#changed();
    });
    return entry;
  }

  #drop(entry) {
    this.#entries = this.#entries.filter((other) => other !== entry);
    URL.revokeObjectURL(entry.address);
  }

  #changed() {
    this.#draw();
    this.#onChange();
  }

  #draw() {
    const noun = this.#types.length === 1 && GROUPS[this.#types[0]] ? this.#types[0] : "file";
    const article = /^[aeiou]/.test(noun) ? "an" : "a";
    const several = this.#maximum > 1;
    this.#pick.textContent = this.isEmpty ? (several ? `Choose ${noun} files`.replace("file files", "files") : `Choose ${article} ${noun}`) : several ? "Add" : "Change";
    this.#previews.hidden = this.isEmpty;
    this.#previews.replaceChildren(...this.#entries.map((entry) => entry.preview));
  }

  #preview(entry) {
    const { name, size } = entry.file;
    const remove = h("button", { type: "button", class: "icon-button file-remove", "aria-label": `Remove ${name}` }, icon("close"));
    remove.addEventListener("click", () => {
      this.#drop(entry);
      this.#changed();
      this.input.focus();
    });
    return h("li", { class: "file-preview", "aria-busy": "true" },
      entry.address ? h("img", { class: "file-thumbnail", src: entry.address, alt: `Preview of ${name}` }) : icon("external"),
      h("span", { class: "file-name" }, h("span", {}, name), h("span", { class: "muted" }, sizeInWords(size))), remove);
  }
}

/**
 * Hand files that are dropped on the page or pasted into it to a field.
 *
 * `fieldFor()` gives the field that takes them, or null; `onRefused()` is called if there is none.
 */
export function receiveFiles(fieldFor, onRefused) {
  const hasFiles = (transfer) => [...(transfer?.types ?? [])].includes("Files");
  const mark = (on) => document.body.classList.toggle("dropping", on);
  const give = (files) => {
    if (!files.length) return;
    const field = fieldFor();
    if (field) field.add([...files]);
    else onRefused();
  };
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && mark(false));
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    mark(false);
    give(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    give(event.clipboardData.files);
  });
}
