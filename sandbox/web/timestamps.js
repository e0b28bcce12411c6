// <t:...> in words, in the styles that Discord knows. Pure.

const TIME_STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
  s: { dateStyle: "short", timeStyle: "short" },
  S: { dateStyle: "short", timeStyle: "medium" },
};

const STEPS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** A `time` node in words of the reader's language; style R is relative to `now_ms`. */
export function formatTime({ unix_s, style }, now_ms, locale = undefined) {
  if (style !== "R") return new Intl.DateTimeFormat(locale, TIME_STYLES[style]).format(new Date(unix_s * 1000));
  const away_s = Math.round(unix_s - now_ms / 1000);
  const [unit, size_s] = STEPS.find(([, seconds]) => Math.abs(away_s) >= seconds) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(Math.trunc(away_s / size_s), unit);
}
