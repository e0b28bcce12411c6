// Names people type and mentions Discord reads. Pure.

const CODE = /(```[\s\S]*?```|`[^`\n]*`)/;

/** "@Reka hello" -> "<@id> hello", whatever the case; the longest name wins, and code stays as it is. */
export function encodeMentions(text, users) {
  const byLength = [...users].sort((one, other) => other.name.length - one.name.length);
  return text
    .split(CODE)
    .map((part, index) => (index % 2 === 1 ? part : encodePart(part, byLength)))
    .join("");
}

function encodePart(text, users) {
  let out = "";
  let at = 0;
  while (at < text.length) {
    const begins = text[at] === "@" && !/[\p{L}\p{N}_<]/u.test(text[at - 1] ?? " ");
    const user = begins ? nameAt(text, at + 1, users) : null;
    if (user) {
      out += `<@${user.id}>`;
      at += 1 + user.name.length;
    } else {
      out += text[at];
      at += 1;
    }
  }
  return out;
}

function nameAt(text, at, users) {
  return (
    users.find((user) => {
      const written = text.slice(at, at + user.name.length);
      const next = text.slice(at + user.name.length);
      return written.toLowerCase() === user.name.toLowerCase() && !/^[\p{L}\p{N}_]/u.test(next);
    }) ?? null
  );
}

/** "<@id> hello" -> "@Reka hello", for editing; ids nobody has stay as they are. */
export function decodeMentions(text, users) {
  return text.replace(/<@!?(\d+)>/g, (whole, id) => {
    const user = users.find((other) => other.id === id);
    return user ? `@${user.name}` : whole;
  });
}

/** The half-typed "@na" before the caret: {from, query}, or null. */
export function mentionQuery(text, caret) {
  const match = /(?:^|[\s(])@([^\s@]{0,32})$/u.exec(text.slice(0, caret));
  return match ? { from: caret - match[1].length - 1, query: match[1].toLowerCase() } : null;
}
