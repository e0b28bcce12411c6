// The address bar: who looks (?user=<id> or ?as=<name>) and where (?channel=<id or name>).

/** What the address asks for: {user, as, channel}, each a string or null. */
export function readPlace() {
  const query = new URLSearchParams(location.search);
  return { user: query.get("user"), as: query.get("as"), channel: query.get("channel") };
}

/** The person the address means, or null. */
export function personOf(place, users) {
  if (place.user) return users.find((user) => user.id === place.user) ?? null;
  const name = place.as?.toLowerCase();
  return name ? (users.find((user) => user.name.toLowerCase() === name) ?? null) : null;
}

/** The channel the address means, else the first one. */
export function channelOf(place, state) {
  const wanted = place.channel?.replace(/^#/, "").toLowerCase();
  const keys = (channel) => [channel.id, channel.name.toLowerCase(), channel.kind === "dm" ? "dm" : ""];
  const named = wanted ? state.channels.find((channel) => keys(channel).includes(wanted)) : undefined;
  return named ?? state.channels.find((channel) => channel.kind === "text") ?? state.channels[0] ?? null;
}

/** An address that leads to this person in this channel. */
export function addressOf(state, channel) {
  const query = new URLSearchParams({ as: state.me.name });
  if (channel) query.set("channel", channelKey(state, channel));
  return `${location.pathname}?${query}`;
}

function channelKey(state, channel) {
  if (channel.kind === "dm" && state.channels.filter((other) => other.kind === "dm").length === 1) return "dm";
  const sameName = state.channels.filter((other) => other.name === channel.name);
  return sameName.length === 1 ? channel.name : channel.id;
}
