// Text as Discord reads it: a string in, a tree of plain objects out. Pure; markdown_view.js makes it visible.
//
// Blocks:  {type: "paragraph", children} {type: "heading", level, children} {type: "subtext", children}
//          {type: "quote", blocks} {type: "code", language, text} {type: "list", ordered, start, items: [blocks]}
// Inlines: {type: "text", text} {type: "strong" | "em" | "underline" | "strike" | "spoiler", children}
//          {type: "inline_code", text} {type: "link", url, children} {type: "time", unix_s, style}
//          {type: "mention", kind: "user" | "role" | "channel" | "all" | "command", id, name?}
//          {type: "emoji", name, id}
// What Discord shows raw (tables, ####, rules, HTML, formulas, task lists) stays text here, on purpose.

import { formatTime } from "./timestamps.js";

const DEEPEST = 24; // a guard for hostile nesting; people never come near it
const FENCE = "```";

/** Reads a whole message. */
export function parse(text) {
  return parseBlocks(text.replace(/\r\n?/g, "\n"), { depth: 0, quoted: false });
}

/** The words alone, marks gone; `nameOf(mention)` gives a mention's readable form. Spoilers stay hidden. */
export function plainText(nodes, nameOf) {
  const one = (node) => {
    switch (node.type) {
      case "text":
      case "inline_code":
      case "code":
        return node.text;
      case "spoiler":
        return "▒▒▒";
      case "mention":
        return nameOf(node);
      case "emoji":
        return `:${node.name}:`;
      case "time":
        return formatTime(node, Date.now());
      case "list":
        return node.items.map((item) => `• ${plainText(item, nameOf)}`).join("\n");
      case "quote":
        return plainText(node.blocks, nameOf);
      default:
        return node.children.map(one).join("");
    }
  };
  const isBlock = (node) => ["paragraph", "heading", "subtext", "quote", "code", "list"].includes(node.type);
  return nodes.map(one).join(nodes.some(isBlock) ? "\n" : "");
}

// ---------------------------------------------------------------------------------------------- blocks

function parseBlocks(text, context) {
  const blocks = [];
  let paragraph = "";
  let at = 0;

  const flush = (beforeBlock) => {
    const words = beforeBlock && paragraph.endsWith("\n") ? paragraph.slice(0, -1) : paragraph;
    // A lone line break before a block is the end of the line above it, not an empty line of its own.
    if (words !== "" || (paragraph !== "" && (!beforeBlock || blocks.length > 0))) {
      blocks.push({ type: "paragraph", children: inlines(words, { depth: context.depth, linked: false }) });
    }
    paragraph = "";
  };

  while (at < text.length) {
    const lineStarts = at === 0 || text[at - 1] === "\n";
    const found = (lineStarts && context.depth < DEEPEST && blockAt(text, at, context)) || fenceAt(text, at);
    if (found) {
      flush(true);
      blocks.push(found.block);
      at = found.end;
      continue;
    }
    const step = plainStep(text, at);
    paragraph += text.slice(at, at + step);
    at += step;
  }
  flush(false);
  return blocks;
}

/** How far text is certain to hold no block: past an escape, a code span, or to the next character of interest. */
function plainStep(text, at) {
  if (text[at] === "\\" && at + 1 < text.length) return 2;
  if (text[at] === "`") {
    const run = runLength(text, at, "`");
    const close = closingRun(text, at + run, run);
    if (close !== -1 && !text.slice(at + run, close).includes("\n")) return close + run - at;
    return run;
  }
  let end = at + 1;
  while (end < text.length && text[end - 1] !== "\n" && text[end] !== "`" && text[end] !== "\\") end += 1;
  return end - at;
}

function fenceAt(text, at) {
  if (!text.startsWith(FENCE, at)) return null;
  const close = text.indexOf(FENCE, at + 3);
  if (close === -1) return null;
  const inside = text.slice(at + 3, close);
  if (inside.trim() === "") return null;
  const label = /^([\w+\-.#]+)\n/.exec(inside);
  const language = label && inside.slice(label[0].length).trim() !== "" ? label[1] : "";
  const body = language ? inside.slice(label[0].length) : inside;
  let end = close + 3;
  if (text[end] === "\n") end += 1;
  return { block: { type: "code", language, text: body.replace(/^\n+|\n+$/g, "") }, end };
}

function blockAt(text, at, context) {
  const lineEnd = endOfLine(text, at);
  const line = text.slice(at, lineEnd);
  const deeper = { ...context, depth: context.depth + 1 };
  return (
    (!context.quoted && quoteAt(text, at, line, deeper)) ||
    lineBlock(line, lineEnd, text, deeper) ||
    listAt(text, at, deeper)
  );
}

function quoteAt(text, at, line, context) {
  const inside = { ...context, quoted: true };
  const rest = /^ *>>> /.exec(line);
  if (rest) {
    const body = text.slice(at + rest[0].length);
    return { block: { type: "quote", blocks: parseBlocks(body, inside) }, end: text.length };
  }
  const lines = [];
  let end = at;
  while (end < text.length) {
    const lineEnd = endOfLine(text, end);
    const quoted = /^ *> (.*)$/s.exec(text.slice(end, lineEnd)) ?? /^ *>()$/.exec(text.slice(end, lineEnd));
    // A bare ">" goes on with a quote, but does not begin one.
    if (!quoted || (lines.length === 0 && !/^ *> /.test(text.slice(end, lineEnd)))) break;
    lines.push(quoted[1]);
    end = Math.min(lineEnd + 1, text.length);
    if (lineEnd === text.length) break;
  }
  if (lines.length === 0) return null;
  return { block: { type: "quote", blocks: parseBlocks(lines.join("\n"), inside) }, end };
}

function lineBlock(line, lineEnd, text, context) {
  const end = Math.min(lineEnd + 1, text.length);
  const inside = { depth: context.depth, linked: false };
  const heading = /^ *(#{1,3})[ \t]+(\S.*)$/.exec(line);
  if (heading) {
    const words = heading[2].replace(/[ \t]*#*[ \t]*$/, "");
    if (words === "") return null;
    return { block: { type: "heading", level: heading[1].length, children: inlines(words, inside) }, end };
  }
  const small = /^ *-# +(\S.*)$/.exec(line);
  return small && { block: { type: "subtext", children: inlines(small[1], inside) }, end };
}

const BULLET = /^( *)([-*]|\d{1,9}\.) +(?=\S)/;

function listAt(text, at, context) {
  const first = BULLET.exec(text.slice(at, endOfLine(text, at)));
  if (!first) return null;
  const base = first[1].length;
  const ordered = /\d/.test(first[2]);
  const items = [];
  let item = null;
  let end = at;
  while (end < text.length) {
    const lineEnd = endOfLine(text, end);
    const line = text.slice(end, lineEnd);
    const bullet = BULLET.exec(line);
    const indent = /^ */.exec(line)[0].length;
    if (bullet && bullet[1].length <= base) {
      if (/\d/.test(bullet[2]) !== ordered) break;
      item = { lines: [line.slice(bullet[0].length)], indent: bullet[0].length };
      items.push(item);
    } else if (indent > base && line.trim() !== "") {
      item.lines.push(line.slice(Math.min(indent, item.indent)));
    } else if (line.trim() === "" && goesOnIndented(text, lineEnd, base)) {
      item.lines.push("");
    } else {
      break;
    }
    end = Math.min(lineEnd + 1, text.length);
    if (lineEnd === text.length) break;
  }
  return {
    block: {
      type: "list",
      ordered,
      start: ordered ? Number.parseInt(first[2], 10) : 1,
      items: items.map(({ lines }) => parseBlocks(lines.join("\n"), context)),
    },
    end,
  };
}

function goesOnIndented(text, lineEnd, base) {
  const next = /^\n(?:[ \t]*\n)*( *)\S/.exec(text.slice(lineEnd));
  return next !== null && next[1].length > base;
}

function endOfLine(text, at) {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end;
}

// --------------------------------------------------------------------------------------------- inlines

// Longest mark first: "**" must be tried before "*".
const PAIRS = [
  { mark: "**", type: "strong" },
  { mark: "__", type: "underline" },
  { mark: "~~", type: "strike" },
  { mark: "||", type: "spoiler" },
];

function inlines(text, context) {
  const nodes = [];
  let plain = "";
  let at = 0;
  const push = (node) => {
    if (plain !== "") nodes.push({ type: "text", text: plain });
    plain = "";
    nodes.push(node);
  };
  while (at < text.length) {
    const found = context.depth < DEEPEST ? inlineAt(text, at, context) : null;
    if (found) {
      if (found.literal !== undefined) plain += found.literal;
      else push(found.node);
      at = found.end;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  if (plain !== "") nodes.push({ type: "text", text: plain });
  return nodes;
}

function inlineAt(text, at, context) {
  switch (text[at]) {
    case "\\":
      return escapeAt(text, at);
    case "`":
      return inlineCodeAt(text, at);
    case "<":
      return angleAt(text, at, context);
    case "[":
      return maskedLinkAt(text, at, context);
    case "@":
      return everyoneAt(text, at);
    case "h":
      return bareLinkAt(text, at, context);
    case "~":
      return tildesAt(text, at, context);
    case "*":
    case "_":
    case "|":
      return pairAt(text, at, context) ?? emphasisAt(text, at, context);
    default:
      return null;
  }
}

function escapeAt(text, at) {
  const next = text[at + 1];
  if (next === undefined || /[0-9A-Za-z\s]/.test(next)) return null;
  // Discord leaves the shrug whole.
  if (text.startsWith("\\_(ツ)_/", at)) return { literal: "\\_(ツ)_/", end: at + 7 };
  const literal = String.fromCodePoint(text.codePointAt(at + 1));
  return { literal, end: at + 1 + literal.length };
}

function inlineCodeAt(text, at) {
  const run = runLength(text, at, "`");
  const close = closingRun(text, at + run, run);
  if (close === -1 || close === at + run) return { literal: "`".repeat(run), end: at + run };
  let inside = text.slice(at + run, close);
  if (run > 1 && /^ `|` $/.test(inside)) inside = inside.replace(/^ (?=`)|(?<=`) $/g, "");
  return { node: { type: "inline_code", text: inside }, end: close + run };
}

/** Two tildes strike out; three are no fence on Discord, and no mark either. */
function tildesAt(text, at, context) {
  const run = runLength(text, at, "~");
  return run === 2 ? pairAt(text, at, context) : { literal: "~".repeat(run), end: at + run };
}

function pairAt(text, at, context) {
  for (const { mark, type } of PAIRS) {
    if (!text.startsWith(mark, at)) continue;
    const close = closingPair(text, at + 2, mark);
    if (close === -1) return null;
    const children = inlines(text.slice(at + 2, close), { ...context, depth: context.depth + 1 });
    return { node: { type, children }, end: close + 2 };
  }
  return null;
}

function closingPair(text, from, mark) {
  for (let at = from; at < text.length - 1; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text.startsWith(mark, at) && at > from) {
      // In "***" the last two close: the first star belongs to what is inside.
      if (mark !== "||" && text[at + 2] === mark[0]) continue;
      return at;
    }
  }
  return -1;
}

function emphasisAt(text, at, context) {
  const mark = text[at];
  if (mark !== "*" && mark !== "_") return null;
  if (mark === "*" && /^(\s|$)/.test(text.slice(at + 1, at + 2))) return null;
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === "\\") {
      end += 1;
    } else if (text[end] === mark) {
      if (text[end + 1] === mark) {
        end += 1; // a double mark belongs to strong or underline inside
        continue;
      }
      const empty = /^[*_]*$/.test(text.slice(at + 1, end));
      const open = mark === "*" ? /\s/.test(text[end - 1]) : /\w/.test(text[end + 1] ?? " ");
      if (empty || open) return null;
      const children = inlines(text.slice(at + 1, end), { ...context, depth: context.depth + 1 });
      return { node: { type: "em", children }, end: end + 1 };
    }
  }
  return null;
}

const ANGLES = [
  [/^<@!?(\d{1,20})>/, (m) => ({ type: "mention", kind: "user", id: m[1] })],
  [/^<@&(\d{1,20})>/, (m) => ({ type: "mention", kind: "role", id: m[1] })],
  [/^<#(\d{1,20})>/, (m) => ({ type: "mention", kind: "channel", id: m[1] })],
  [/^<\/([^:>\n]{1,100}):(\d{1,20})>/, (m) => ({ type: "mention", kind: "command", id: m[2], name: m[1] })],
  [/^<a?:(\w{2,32}):(\d{1,20})>/, (m) => ({ type: "emoji", name: m[1], id: m[2] })],
  [/^<t:(-?\d{1,13})(?::([tTdDfFRsS]))?>/, (m) => timeNode(Number(m[1]), m[2] ?? "f")],
];

function angleAt(text, at, context) {
  const rest = text.slice(at, at + 140);
  for (const [pattern, node] of ANGLES) {
    const match = pattern.exec(rest);
    const made = match && node(match);
    if (made) return { node: made, end: at + match[0].length };
  }
  if (context.linked) return null;
  const link = /^<(https?:\/\/[^\s<>]+)>/i.exec(text.slice(at));
  return link && linkNode(link[1], [{ type: "text", text: link[1] }], at + link[0].length);
}

function timeNode(unix_s, style) {
  const readable = Math.abs(unix_s) <= 8.64e12; // what a Date can hold
  return readable ? { type: "time", unix_s, style } : null;
}

function maskedLinkAt(text, at, context) {
  if (context.linked) return null;
  const labelEnd = closingBracket(text, at);
  if (labelEnd === -1 || text[labelEnd + 1] !== "(") return null;
  const label = text.slice(at + 1, labelEnd);
  // Discord refuses a label that itself looks like an address: it could lie about where it leads.
  if (label.trim() === "" || /https?:\/\//i.test(label)) return null;
  const target = /^\(\s*<?(https?:\/\/(?:[^\s()<>]|\([^\s()<>]*\))+)>?(?:\s+["'][^\n]*?["'])?\s*\)/i.exec(
    text.slice(labelEnd + 1),
  );
  if (!target) return null;
  const children = inlines(label, { depth: context.depth + 1, linked: true });
  return linkNode(target[1], children, labelEnd + 1 + target[0].length);
}

function closingBracket(text, at) {
  let open = 0;
  for (let end = at; end < text.length; end += 1) {
    if (text[end] === "\\") end += 1;
    else if (text[end] === "[") open += 1;
    else if (text[end] === "]" && (open -= 1) === 0) return end;
  }
  return -1;
}

function bareLinkAt(text, at, context) {
  if (context.linked || /\w/.test(text[at - 1] ?? " ")) return null;
  const match = /^https?:\/\/(?:(?!\]\()[^\s<])+/i.exec(text.slice(at));
  if (!match) return null;
  let url = match[0].replace(/[*_~|]+$/, "").replace(/[.,:;"'\]]+$/, "");
  while (url.endsWith(")") && url.split(")").length > url.split("(").length) url = url.slice(0, -1);
  return linkNode(url, [{ type: "text", text: url }], at + url.length);
}

function linkNode(address, children, end) {
  let url;
  try {
    url = new URL(address);
  } catch (error) {
    if (error instanceof TypeError) return null; // not an address after all
    throw error;
  }
  const isWeb = url.protocol === "http:" || url.protocol === "https:";
  return isWeb && url.hostname ? { node: { type: "link", url: url.href, children }, end } : null;
}

function everyoneAt(text, at) {
  const match = /^@(everyone|here)\b/.exec(text.slice(at, at + 10));
  return match && { node: { type: "mention", kind: "all", id: "", name: match[1] }, end: at + match[0].length };
}

function runLength(text, at, mark) {
  let end = at;
  while (text[end] === mark) end += 1;
  return end - at;
}

/** Where the next run of exactly `run` backticks begins, or -1. */
function closingRun(text, from, run) {
  for (let at = text.indexOf("`", from); at !== -1; at = text.indexOf("`", at)) {
    const length = runLength(text, at, "`");
    if (length === run) return at;
    at += length;
  }
  return -1;
}
