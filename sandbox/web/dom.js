// Building nodes. Text becomes text nodes and nothing else: no string is ever read as HTML on this page.

/** An element; false, null and undefined drop an attribute or a child; `onclick: f` adds a listener. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const ICONS = {
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  reply: "M9 7L4 12l5 5M4 12h9a7 7 0 0 1 7 7",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5",
  apps: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM17 14v6M14 17h6",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  send: "M5 12L4 4l17 8-17 8 1-8zM5 12h8",
  attach: "M12 5v14M5 12h14",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  down: "M12 5v14M6 13l6 6 6-6",
  chevron: "M6 9l6 6 6-6",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6",
  hash: "M9 4L7 20M17 4l-2 16M4 9h16M3.5 15h16",
  thread: "M6 4v9a4 4 0 0 0 4 4h8M14 13l4 4-4 4",
};

const SVG = "http://www.w3.org/2000/svg";

/** A line icon, hidden from screen readers: the button around it carries the name. */
export function icon(name) {
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  const attributes = { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" };
  return fill(document.createElementNS(SVG, "svg"), attributes, [path]);
}

const HUES = 8;

/** A small button with a cross. */
export function closeButton(label, onclick, attributes = {}) {
  const all = { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...attributes };
  return h("button", all, icon("close"));
}

/** A disc with somebody's initials; the colour follows the id. */
export function avatar(user, size = "") {
  const letters = [...user.name.trim()];
  const initials = user.bot ? letters.slice(0, 1) : letters.slice(0, 2);
  const hue = user.bot ? "bot" : Number(BigInt(user.id) % BigInt(HUES));
  const attributes = { class: `avatar hue-${hue} ${size}`.trim(), "aria-hidden": "true" };
  return h("span", attributes, initials.join("").toUpperCase());
}

/** Makes `old` look like `fresh` by the smallest changes, so that nothing flickers and selections survive. */
export function morph(old, fresh) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data === fresh.data) return;
    if (fresh.data.startsWith(old.data)) old.appendData(fresh.data.slice(old.data.length));
    else old.data = fresh.data;
    return;
  }
  morphAttributes(old, fresh);
  let cursor = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    let match = cursor;
    while (match && !alike(match, child)) match = match.nextSibling;
    if (match) {
      while (cursor !== match) cursor = dropAndNext(cursor);
      morph(match, child);
      cursor = match.nextSibling;
    } else {
      old.insertBefore(child, cursor);
    }
  }
  while (cursor) cursor = dropAndNext(cursor);
}

// What the reader did to a node, and no message says: an opened spoiler, the tab stop, a held message.
const READERS_OWN = new Set(["aria-expanded", "tabindex", "data-held"]);

function morphAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !READERS_OWN.has(name)) old.removeAttribute(name);
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (READERS_OWN.has(name) && old.hasAttribute(name)) continue;
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function alike(one, other) {
  if (one.nodeName !== other.nodeName) return false;
  return one.nodeType !== Node.ELEMENT_NODE || one.getAttribute("data-part") === other.getAttribute("data-part");
}

function dropAndNext(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}
