// One message as an article. Pure in the sense that it reads and returns: timeline.js patches it into the page.

import { avatar, h, icon } from "./dom.js";
import { parse, plainText } from "./markdown.js";
import { contentNodes, mentionText } from "./markdown_view.js";
import { addresses } from "./unread.js";

const SAME_BREATH_MS = 7 * 60_000; // messages this close read as one

const timeOnly = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayOnly = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const dated = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "short" });

/** The article of `message`, which stands below `previous` (or null). */
export function messageArticle(message, previous, state) {
  const names = namesFor(message, state);
  const newDay = !previous || dayOf(previous) !== dayOf(message);
  const compact = !newDay && continues(message, previous);
  const classes = ["message"];
  if (compact) classes.push("compact");
  if (message.ephemeral) classes.push("ephemeral");
  if (addresses(message, state.me.id)) classes.push("for-me");
  return h(
    "article",
    {
      class: classes.join(" "),
      tabindex: "-1",
      "aria-label": `${message.author.name}, ${timeOnly.format(message.timestamp_ms)}`,
      "data-testid": "message",
      "data-message-id": message.id,
      "data-author": message.author.name,
      "data-ephemeral": String(message.ephemeral),
      "data-thinking": String(message.thinking),
    },
    newDay && part("day", "div", {}, h("span", {}, dayOnly.format(message.timestamp_ms))),
    message.interaction && interactionLine(message.interaction, state),
    message.reply_to && replyLine(message, state),
    part("row", "div", {}, gutter(message, compact), bodyOf(message, compact, names)),
    part("toolbar", "div", { role: "toolbar", "aria-label": "Message actions" }, actions(message, state)),
  );
}

/** Names for the mentions of a message: its own table first, then what the page knows. */
export function namesFor(message, state) {
  return {
    me: state.me.id,
    user: (id) => message.mentions?.[id] ?? state.user(id)?.name ?? null,
    role: (id) => message.roles?.[id] ?? null,
    channel: (id) => message.channels?.[id] ?? state.channel(id)?.name ?? null,
  };
}

/** A message's first words on one line, for previews and announcements. */
export function firstWords(content, names, limit_chars = 140) {
  const words = plainText(parse(content), (node) => mentionText(node, names)).replace(/\s+/g, " ").trim();
  const letters = [...words];
  return letters.length > limit_chars ? `${letters.slice(0, limit_chars - 1).join("")}…` : words;
}

function part(name, tag, attributes, ...children) {
  return h(tag, { class: name, "data-part": name, ...attributes }, ...children);
}

function dayOf(message) {
  return new Date(message.timestamp_ms).toDateString();
}

function continues(message, previous) {
  return (
    previous.author.id === message.author.id &&
    message.timestamp_ms - previous.timestamp_ms < SAME_BREATH_MS &&
    !message.reply_to &&
    !message.interaction &&
    message.ephemeral === previous.ephemeral
  );
}

function gutter(message, compact) {
  if (!compact) return part("gutter", "div", {}, avatar(message.author));
  const when = new Date(message.timestamp_ms).toISOString();
  const words = timeOnly.format(message.timestamp_ms);
  return part("gutter", "div", {}, h("time", { class: "side-time", datetime: when }, words));
}

function bodyOf(message, compact, names) {
  return part(
    "body",
    "div",
    {},
    !compact && byline(message),
    part("content", "div", { "data-testid": "content", dir: "auto" }, contentOf(message, names)),
    message.attachments.length > 0 && part("attachments", "div", {}, message.attachments.map(attachment)),
    message.components.length > 0 && part("components", "div", {}, message.components.map(button)),
    message.reactions.length > 0 && part("reactions", "div", {}, message.reactions.map(reaction)),
    message.ephemeral && ephemeralLine(),
  );
}

function byline(message) {
  const today = dayOf(message) === new Date().toDateString();
  const words = (today ? timeOnly : dated).format(message.timestamp_ms);
  const when = new Date(message.timestamp_ms);
  return part(
    "byline",
    "header",
    {},
    h("span", { class: message.author.bot ? "author bot" : "author" }, message.author.name),
    message.author.bot && h("span", { class: "app" }, "APP"),
    h("time", { datetime: when.toISOString(), title: whole.format(when) }, words),
  );
}

function contentOf(message, names) {
  if (message.thinking) {
    const dots = h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
    return [h("div", { class: "p thinking" }, dots, `${message.author.name} is thinking…`)];
  }
  const nodes = contentNodes(message.content, names);
  if (!message.edited) return nodes;
  const mark = h("span", { class: "edited", "data-part": "edited" }, "(edited)");
  const last = nodes.at(-1);
  // Behind the last word where there is one; under a block of code it takes a line of its own.
  if (last?.classList.contains("p")) last.append(" ", mark);
  else nodes.push(mark);
  return nodes;
}

function interactionLine({ user, name }, state) {
  const slash = state.commands.some((command) => command.type === 1 && command.name === name);
  const shown = slash && !name.startsWith("/") ? `/${name}` : name;
  return part(
    "above",
    "div",
    {},
    avatar(user, "tiny"),
    h("span", {}, h("b", {}, user.name), " used ", h("span", { class: "command-name" }, shown)),
  );
}

function replyLine(message, state) {
  const { id, author, content } = message.reply_to;
  if (!author) return part("above", "div", {}, icon("reply"), h("i", {}, "Original message was deleted"));
  const words = firstWords(content, namesFor(message, state)) || "See attachment";
  return part(
    "above",
    "button",
    { type: "button", "data-do": "jump", "data-target-id": id, title: "Show the message this answers" },
    avatar(author, "tiny"),
    h("b", {}, author.name),
    h("span", { class: "preview", dir: "auto" }, words),
  );
}

function ephemeralLine() {
  return part(
    "private",
    "footer",
    {},
    icon("eye"),
    h("span", {}, "Only you can see this"),
    h("button", { type: "button", class: "text-button", "data-do": "dismiss" }, "Dismiss"),
  );
}

function attachment({ filename, content_type, size, url, width, height }) {
  const address = fileAddress(url);
  if (address && (content_type ?? "").startsWith("image/")) {
    const picture = h("img", { src: address, alt: filename, width, height });
    return h("a", { class: "picture", href: address, target: "_blank", rel: "noopener", title: filename }, picture);
  }
  return h(
    "a",
    { class: "file", href: address, target: "_blank", rel: "noopener", download: filename },
    icon("file"),
    h("span", {}, h("span", { class: "file-name" }, filename), h("small", {}, readableSize(size))),
  );
}

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** An address the page may load, or null. Its own server's has no host: a page at localhost is not 127.0.0.1. */
function fileAddress(url) {
  if (!URL.canParse(url, location.href)) return null;
  const address = new URL(url, location.href);
  if (!/^https?:$/.test(address.protocol)) return null;
  const bothLoopback = LOOPBACK.has(address.hostname) && LOOPBACK.has(location.hostname);
  return bothLoopback && address.port === location.port ? address.pathname + address.search : address.href;
}

/** "1.4 MB" of a number of bytes. */
export function readableSize(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  let amount = bytes;
  let unit = 0;
  while (amount >= 1000 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${unit > 0 && amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${units[unit]}`;
}

const BUTTON_STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger" };

function button({ custom_id, label, style, disabled, emoji }) {
  return h(
    "button",
    {
      type: "button",
      class: `component ${BUTTON_STYLES[style] ?? "secondary"}`,
      disabled,
      "data-testid": "component",
      "data-do": "press",
      "data-custom-id": custom_id,
    },
    emoji && h("span", { class: "emoji" }, emoji),
    label,
  );
}

function reaction({ emoji, count, me }) {
  const words = `${emoji}, ${count} ${count === 1 ? "reaction" : "reactions"}`;
  const attributes = { class: me ? "reaction me" : "reaction", role: "img", "aria-label": words };
  return h("span", attributes, h("span", {}, emoji), String(count));
}

/** What this person may do with a message: people may delete the bot's messages, and only their own otherwise. */
export function allowedActions(message, state) {
  const own = message.author.id === state.me.id;
  return {
    reply: !message.ephemeral && !message.thinking,
    edit: own && !message.ephemeral,
    apps: !message.ephemeral && !message.thinking,
    copy: message.content !== "",
    delete: !message.ephemeral && (own || message.author.id === state.bot?.id),
  };
}

const ACTIONS = [
  ["reply", "Reply", "reply"],
  ["edit", "Edit", "edit"],
  ["apps", "Apps", "apps"],
  ["copy", "Copy text", "copy"],
  ["delete", "Delete", "trash"],
];

function actions(message, state) {
  const allowed = allowedActions(message, state);
  return ACTIONS.filter(([name]) => allowed[name]).map(([name, label, picture]) => {
    const menu = name === "apps" ? { "aria-haspopup": "menu", "aria-expanded": "false" } : {};
    const hooks = { "data-testid": `action-${name}`, "data-part": name, "data-do": name };
    return h("button", { type: "button", title: label, "aria-label": label, ...hooks, ...menu }, icon(picture));
  });
}
