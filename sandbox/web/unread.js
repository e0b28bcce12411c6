// Which channels hold something the person has not seen. Kept per person for as long as the page is open. Pure.

export class Unread {
  #seen = new Map(); // "user/channel" -> id of the last message seen
  #greeted = new Set(); // people whose first state has come: all of that counts as seen

  /** A whole state came: at first it is all old; after a reconnect only what was seen before is. */
  meet(state) {
    if (this.#greeted.has(state.me.id)) return;
    this.#greeted.add(state.me.id);
    for (const channel of state.channels) this.read(state, channel.id);
  }

  read(state, channelId) {
    const last = state.messagesIn(channelId).at(-1);
    if (last) this.#seen.set(`${state.me.id}/${channelId}`, last.id);
  }

  /** {count, mentions}: messages of others since the person last looked; mentions also count in direct messages. */
  of(state, channelId) {
    const seen = BigInt(this.#seen.get(`${state.me.id}/${channelId}`) ?? 0);
    const fresh = state
      .messagesIn(channelId)
      .filter((message) => BigInt(message.id) > seen && message.author.id !== state.me.id);
    const direct = state.channel(channelId)?.kind === "dm";
    const mine = fresh.filter((message) => direct || addresses(message, state.me.id));
    return { count: fresh.length, mentions: mine.length };
  }
}

/**
 * Whether a message calls this person: by mention, by @everyone, or as an answer to them.
 *
 * Bots call nobody here: they may not ping, and Discord marks only what pinged.
 */
export function addresses(message, userId) {
  if (message.author.id === userId || message.author.bot) return false;
  return (
    message.content.includes(`<@${userId}>`) ||
    message.content.includes(`<@!${userId}>`) ||
    /@(everyone|here)\b/.test(message.content) ||
    message.reply_to?.author?.id === userId
  );
}
