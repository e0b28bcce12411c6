// "/ask hello" or "/ask question:hello private:true" as a command and its values. Pure.

export const OPTION = { string: 3, integer: 4, boolean: 5, user: 6, channel: 7, number: 10, attachment: 11 };

export const slashCommands = (commands) => commands.filter((command) => command.type === 1);
export const messageCommands = (commands) => commands.filter((command) => command.type === 3);

/** The half-typed "/na" that is all of the text: its query, or null. */
export function commandQuery(text) {
  const match = /^\/(\S{0,32})$/u.exec(text);
  return match ? match[1].toLowerCase() : null;
}

/** The command that a line begins with and what follows it: {command, rest}, or null where it is no command. */
export function readLine(text, commands) {
  const match = /^\/(\S+)(?:\s+([\s\S]*))?$/u.exec(text.trim());
  if (!match) return null;
  const command = slashCommands(commands).find((other) => other.name === match[1].toLowerCase());
  return command ? { command, rest: (match[2] ?? "").trim() } : null;
}

/** Option values that the rest of a line gives: by `name:value`, else all of it to the first string option. */
export function readValues(command, rest) {
  if (rest === "") return {};
  const typed = command.options.filter((option) => option.type !== OPTION.attachment);
  const names = typed.map((option) => option.name.replace(/[^\p{L}\p{N}_-]/gu, ""));
  const label = names.length > 0 ? new RegExp(`(?:^|\\s)(${names.join("|")}):\\s*`, "gu") : null;
  const marks = label ? [...rest.matchAll(label)] : [];
  if (marks.length === 0 || marks[0].index !== 0) return takeWhole(typed, rest);
  const values = {};
  marks.forEach((mark, index) => {
    const words = rest.slice(mark.index + mark[0].length, marks[index + 1]?.index).trim();
    const value = readValue(typed.find((option) => option.name === mark[1]), words);
    if (value !== null) values[mark[1]] = value;
  });
  return values;
}

function takeWhole(options, rest) {
  const texts = options.filter((option) => option.type === OPTION.string);
  const target = texts.find((option) => option.required) ?? texts[0];
  return target ? { [target.name]: rest } : {};
}

/** One typed value as JSON has it, or null where it is none. */
function readValue(option, words) {
  if (words === "") return null;
  if (option.type === OPTION.boolean) return /^(true|yes|on|1)$/i.test(words);
  if (option.type === OPTION.integer || option.type === OPTION.number) {
    const number = Number(words);
    const fits = option.type === OPTION.integer ? Number.isSafeInteger(number) : Number.isFinite(number);
    return fits ? number : null;
  }
  return words;
}

/** Names of the required options that have no value yet. */
export function missing(command, values, files) {
  return command.options
    .filter((option) => option.required && !(option.name in values) && !(option.name in files))
    .map((option) => option.name);
}
