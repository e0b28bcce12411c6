// What the server said so far, as one value that the views read. Pure: no DOM, no clock of its own.

export const TYPING_MS = 10_000;

export class State {
  constructor() {
    this.me = null;
    this.users = [];
    this.bot = null;
    this.botOnline = false;
    this.guild = { id: "", name: "" };
    this.channels = [];
    this.messages = new Map(); // channel id -> messages, oldest first
    this.commands = [];
    this.reka = { label: "", stand_in: false };
    this.counters = { rate_limited: 0, requests: 0 };
    this.typing = new Map(); // channel id -> Map(user id -> ms at which the sign ends)
  }

  /** Takes one event of the live socket; answers {kind, channelId?, message?, isNew?}. Unknown kinds change nothing. */
  apply(event, now_ms) {
    switch (event.t) {
      case "state":
        return this.#replace(event);
      case "message":
        return this.#put(event.message);
      case "gone":
        return this.#remove(event.channel_id, event.message_id);
      case "typing":
        this.#typingOf(event.channel_id).set(event.user_id, now_ms + TYPING_MS);
        return { kind: "typing", channelId: event.channel_id };
      case "commands":
        this.commands = event.commands;
        return { kind: "commands" };
      case "bot":
        this.bot = event.bot;
        this.botOnline = event.bot_online;
        return { kind: "bot" };
      case "counters":
        this.counters = event.counters;
        return { kind: "counters" };
      case "channels":
        this.channels = event.channels;
        return { kind: "channels" };
      case "reka":
        this.reka = event.reka;
        return { kind: "reka" };
      default:
        return { kind: "unknown" };
    }
  }

  channel(id) {
    return this.channels.find((channel) => channel.id === id) ?? null;
  }

  messagesIn(channelId) {
    return this.messages.get(channelId) ?? [];
  }

  message(channelId, messageId) {
    return this.messagesIn(channelId).find((message) => message.id === messageId) ?? null;
  }

  user(id) {
    if (this.bot?.id === id) return this.bot;
    return this.users.find((user) => user.id === id) ?? null;
  }

  /** Everybody who can be mentioned, the bot first. */
  everybody() {
    const people = this.users.filter((user) => user.id !== this.bot?.id);
    return this.bot ? [this.bot, ...people] : people;
  }

  /** Those who are writing in a channel now, without me. */
  typingIn(channelId, now_ms) {
    return [...this.#typingOf(channelId)]
      .filter(([userId, until_ms]) => until_ms > now_ms && userId !== this.me?.id)
      .map(([userId]) => this.user(userId))
      .filter((user) => user !== null);
  }

  channelLabel(channel) {
    return channel.kind === "dm" ? (this.bot?.name ?? channel.name) : channel.name;
  }

  #replace(event) {
    this.me = event.me;
    this.users = event.users;
    this.bot = event.bot;
    this.botOnline = event.bot_online;
    this.guild = event.guild;
    this.channels = event.channels;
    this.messages = new Map(Object.entries(event.messages));
    this.commands = event.commands;
    this.reka = event.reka;
    this.counters = event.counters;
    this.typing.clear();
    return { kind: "state" };
  }

  #put(message) {
    const channelId = message.channel_id;
    const known = this.messagesIn(channelId);
    const at = known.findIndex((other) => other.id === message.id);
    const isNew = at === -1;
    if (isNew) {
      this.messages.set(channelId, [...known, message]);
      this.#typingOf(channelId).delete(message.author.id);
    } else {
      known[at] = withKnownAddresses(message, known[at]);
    }
    return { kind: "message", channelId, message: this.message(channelId, message.id), isNew };
  }

  #remove(channelId, messageId) {
    const rest = this.messagesIn(channelId).filter((message) => message.id !== messageId);
    this.messages.set(channelId, rest);
    return { kind: "gone", channelId };
  }

  #typingOf(channelId) {
    if (!this.typing.has(channelId)) this.typing.set(channelId, new Map());
    return this.typing.get(channelId);
  }
}

/** Each push signs a file's address anew; the one on screen still holds, and a picture should not load twice. */
function withKnownAddresses(message, old) {
  const attachments = message.attachments.map((file) => old.attachments.find((other) => other.id === file.id) ?? file);
  return { ...message, attachments };
}
