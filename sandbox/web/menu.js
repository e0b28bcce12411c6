// A small menu at a button: arrows move, Enter chooses, Escape and a click elsewhere close it.

import { h } from "./dom.js";

let closeOpen = null;

/**
 * Opens a menu at `anchor`.
 *
 * `items`: [{label, note?, testid?, checked?, before?, onChoose}]; `empty`: words where there are none.
 */
export function openMenu(anchor, { label, items, empty = "" }) {
  closeOpen?.();
  const buttons = items.map((item) => itemButton(item, () => close(true)));
  const list = h("div", { class: "menu", role: "menu", "aria-label": label }, buttons);
  if (buttons.length === 0) list.append(h("p", { class: "menu-empty" }, empty));

  function close(refocus) {
    list.remove();
    anchor.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    closeOpen = null;
    if (refocus && anchor.isConnected) anchor.focus({ preventScroll: true });
  }
  function outside(event) {
    if (!list.contains(event.target) && !anchor.contains(event.target)) close(false);
  }
  list.addEventListener("keydown", (event) => moveIn(event, buttons, close));
  document.addEventListener("pointerdown", outside, true);
  document.body.append(list);
  place(list, anchor);
  anchor.setAttribute("aria-expanded", "true");
  const first = buttons.find((button) => button.getAttribute("aria-checked") === "true") ?? buttons[0];
  first?.focus({ preventScroll: true });
  closeOpen = () => close(false);
}

/** Closes the open menu, if any; true where there was one. */
export function closeMenu() {
  const was = closeOpen !== null;
  closeOpen?.();
  return was;
}

function itemButton({ label, note, testid, checked, before, onChoose }, close) {
  const radio = checked !== undefined;
  return h(
    "button",
    {
      type: "button",
      role: radio ? "menuitemradio" : "menuitem",
      "aria-checked": radio ? String(checked) : null,
      "data-testid": testid,
      tabindex: "-1",
      onclick: () => {
        close();
        onChoose();
      },
    },
    before,
    h("span", { class: "menu-words" }, h("span", {}, label), note && h("small", {}, note)),
  );
}

function moveIn(event, buttons, close) {
  const at = buttons.indexOf(document.activeElement);
  const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 };
  if (event.key in moves && buttons.length > 0) {
    event.preventDefault();
    buttons.at(moves[event.key] % buttons.length).focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    close(true);
  }
}

function place(list, anchor) {
  const edge_px = 8;
  const around = anchor.getBoundingClientRect();
  const { width, height } = list.getBoundingClientRect();
  const below = around.bottom + 4;
  const top = below + height + edge_px > innerHeight ? Math.max(edge_px, around.top - height - 4) : below;
  const left = Math.min(Math.max(edge_px, around.right - width), innerWidth - width - edge_px);
  list.style.top = `${top}px`; // by the object model: a style attribute would need 'unsafe-inline'
  list.style.left = `${Math.max(edge_px, left)}px`;
}
