// The list above the composer: people after "@", slash commands after "/". The textarea keeps the focus.

import { avatar, h } from "./dom.js";

export class Suggestions {
  #items = [];
  #at = 0;
  #onPick = null;

  /** `list`: the listbox; `input`: the textarea it belongs to. */
  constructor(list, input) {
    this.list = list;
    this.input = input;
  }

  get isOpen() {
    return this.#items.length > 0;
  }

  /** `items`: [{id, testid, title, note, user?}]. */
  open({ label, testid, items, onPick }) {
    const kept = this.#items[this.#at]?.id;
    this.#items = items;
    this.#onPick = onPick;
    this.#at = Math.max(0, items.findIndex((item) => item.id === kept));
    if (items.length === 0) return this.close();
    this.list.setAttribute("aria-label", label);
    this.list.setAttribute("data-testid", testid);
    this.list.replaceChildren(...items.map((item, index) => this.#option(item, index)));
    this.list.hidden = false;
    this.#mark();
  }

  close() {
    this.#items = [];
    this.list.hidden = true;
    this.list.replaceChildren();
    this.list.removeAttribute("data-testid");
    this.input.removeAttribute("aria-activedescendant");
  }

  /** Takes a key of the textarea; true where it was for the list. */
  key(event) {
    if (!this.isOpen) return false;
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) {
      this.#at = (this.#at + moves[event.key] + this.#items.length) % this.#items.length;
      this.#mark();
    } else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") {
      this.#pick(this.#at);
    } else if (event.key === "Escape") {
      this.close();
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }

  #pick(index) {
    const item = this.#items[index];
    const onPick = this.#onPick;
    this.close();
    onPick(item);
  }

  #option({ id, testid, title, note, user }, index) {
    return h(
      "div",
      {
        role: "option",
        id: `suggestion-${id}`,
        "data-testid": testid,
        // The textarea must not lose the focus to a press of the mouse.
        onmousedown: (event) => event.preventDefault(),
        onclick: () => this.#pick(index),
        onpointermove: () => this.#hover(index),
      },
      user && avatar(user, "small"),
      h("span", { class: "option-title" }, title),
      h("span", { class: "option-note" }, note),
    );
  }

  #hover(index) {
    if (index === this.#at) return;
    this.#at = index;
    this.#mark();
  }

  #mark() {
    [...this.list.children].forEach((option, index) => {
      const chosen = index === this.#at;
      option.setAttribute("aria-selected", String(chosen));
      if (!chosen) return;
      this.input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    });
  }
}
