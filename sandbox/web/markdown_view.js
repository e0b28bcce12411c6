// A tree of markdown.js as nodes. Listeners live on the timeline (delegation), so that nodes can be patched freely.

import { h } from "./dom.js";
import { parse } from "./markdown.js";
import { formatTime } from "./timestamps.js";

/** Nodes of a message's content. `names` answers user(id), role(id), channel(id): a name, or null. */
export function contentNodes(text, names) {
  const blocks = parse(text);
  const nodes = blocks.map((block) => blockNode(block, names));
  if (isOnlyEmoji(text)) nodes.forEach((node) => node.classList.add("jumbo"));
  return nodes;
}

/** How a mention reads in plain words. */
export function mentionText(node, names) {
  if (node.kind === "all") return `@${node.name}`;
  if (node.kind === "command") return `/${node.name}`;
  const known = names[node.kind](node.id);
  if (node.kind === "channel") return known ? `#${known}` : "#unknown";
  return known ? `@${known}` : `@unknown-${node.kind}`;
}

function blockNode(block, names) {
  const inside = () => block.children.map((node) => inlineNode(node, names));
  switch (block.type) {
    case "paragraph":
      return h("div", { class: "p" }, inside());
    case "heading":
      return h("div", { class: `h h${block.level}`, role: "heading", "aria-level": String(block.level + 2) }, inside());
    case "subtext":
      return h("small", { class: "subtext" }, inside());
    case "quote":
      return h("blockquote", {}, block.blocks.map((inner) => blockNode(inner, names)));
    case "code":
      return codeNode(block);
    default:
      return listNode(block, names);
  }
}

function listNode({ ordered, start, items }, names) {
  const rows = items.map((blocks) => h("li", {}, blocks.map((block) => blockNode(block, names))));
  return ordered ? h("ol", { start: String(start) }, rows) : h("ul", {}, rows);
}

function codeNode({ language, text }) {
  return h(
    "figure",
    { class: "code" },
    h(
      "figcaption",
      {},
      h("span", { class: "language" }, language || "text"),
      h("button", { type: "button", class: "copy", "data-do": "copy-code" }, "Copy"),
    ),
    h("pre", { tabindex: "-1" }, h("code", {}, text)),
  );
}

const MARKS = { strong: "strong", em: "em", underline: "u", strike: "s" };

function inlineNode(node, names) {
  const inside = () => node.children.map((child) => inlineNode(child, names));
  switch (node.type) {
    case "text":
      return node.text;
    case "inline_code":
      return h("code", { class: "inline" }, node.text);
    case "link":
      return linkNode(node, inside());
    case "spoiler":
      return spoilerNode(inside());
    case "time":
      return timeNode(node);
    case "mention":
      return mentionNode(node, names);
    case "emoji":
      return h("span", { class: "emoji", title: `:${node.name}:` }, `:${node.name}:`);
    default:
      return h(MARKS[node.type], {}, inside());
  }
}

function linkNode({ url }, children) {
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow", title: url }, children);
}

function spoilerNode(children) {
  const hidden = { class: "spoiler", role: "button", tabindex: "0", "aria-expanded": "false", "data-do": "spoiler" };
  return h("span", { ...hidden, title: "Spoiler: click to show" }, h("span", { class: "veiled" }, children));
}

function timeNode({ unix_s, style }) {
  const when = new Date(unix_s * 1000);
  const attributes = { datetime: when.toISOString(), title: formatTime({ unix_s, style: "F" }, 0), class: "stamp" };
  if (style === "R") attributes["data-relative"] = String(unix_s);
  return h("time", attributes, formatTime({ unix_s, style }, Date.now()));
}

function mentionNode(node, names) {
  const words = mentionText(node, names);
  if (node.kind === "channel" && names.channel(node.id)) {
    const opens = { "data-do": "open-channel", "data-channel-id": node.id };
    return h("button", { type: "button", class: "mention", ...opens }, words);
  }
  const mine = node.kind === "all" || (node.kind === "user" && node.id === names.me);
  return h("span", { class: mine ? "mention mine" : "mention" }, words);
}

const EMOJI_ALONE = /^[\p{Extended_Pictographic}\p{Regional_Indicator}\p{Emoji_Modifier}\u200d\ufe0f\s]+$/u;

function isOnlyEmoji(text) {
  return text.length <= 120 && text.trim() !== "" && EMOJI_ALONE.test(text);
}

/** Brings every relative time under `root` up to date. */
export function refreshTimes(root) {
  for (const node of root.querySelectorAll("time[data-relative]")) {
    const words = formatTime({ unix_s: Number(node.dataset.relative), style: "R" }, Date.now());
    if (node.textContent !== words) node.textContent = words;
  }
}
