// Files that wait to be sent: chosen, pasted or dropped. Previews are drawn on a canvas, so that the page needs no
// blob: addresses and default-src 'self' holds.

import { closeButton, h, icon } from "./dom.js";
import { readableSize } from "./message_view.js";

const MOST_FILES = 10; // Discord's limit for one message
const PREVIEW_PX = 128;

export class PendingFiles {
  #files = [];

  /** `tray`: where the previews stand; `onChange()` after each change; `onTooMany(limit)`. */
  constructor(tray, { onChange, onTooMany }) {
    this.tray = tray;
    this.onChange = onChange;
    this.onTooMany = onTooMany;
  }

  get files() {
    return [...this.#files];
  }

  add(files) {
    const room = MOST_FILES - this.#files.length;
    if (files.length > room) this.onTooMany(MOST_FILES);
    this.set([...this.#files, ...[...files].slice(0, room)]);
  }

  set(files) {
    this.#files = [...files];
    this.tray.replaceChildren(...this.#files.map((file) => fileCard(file, () => this.#remove(file))));
    this.tray.hidden = this.#files.length === 0;
    this.onChange();
  }

  take() {
    const files = this.#files;
    this.set([]);
    return files;
  }

  #remove(file) {
    this.set(this.#files.filter((other) => other !== file));
  }
}

/** A card with a preview, the name and a button that removes the file. */
export function fileCard(file, onRemove) {
  const view = h("span", { class: "card-view" }, icon("file"));
  if (file.type.startsWith("image/")) drawPreview(file, view);
  return h(
    "li",
    { class: "card", "data-testid": "pending-file" },
    view,
    h(
      "span",
      { class: "card-words" },
      h("span", { class: "file-name" }, file.name),
      h("small", {}, readableSize(file.size)),
    ),
    closeButton(`Remove ${file.name}`, onRemove, { class: "card-remove", title: "Remove" }),
  );
}

async function drawPreview(file, view) {
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch (error) {
    if (error instanceof DOMException) return; // no picture after all: the file icon stays
    throw error;
  }
  const scale = Math.min(1, PREVIEW_PX / Math.max(picture.width, picture.height));
  const canvas = h("canvas", {
    width: Math.max(1, Math.round(picture.width * scale)),
    height: Math.max(1, Math.round(picture.height * scale)),
    "aria-hidden": "true",
  });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  view.replaceChildren(canvas);
}

/** The files of a drop or a paste. */
export function filesOf(transfer) {
  return transfer ? [...transfer.files] : [];
}

/** Whether something dragged over the page holds files. */
export function holdsFiles(transfer) {
  return transfer !== null && [...transfer.types].includes("Files");
}
