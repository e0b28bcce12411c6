// The page's composition root: the live socket feeds the state, the state feeds the views.

import { Announcer } from "./announcer.js";
import { Composer } from "./composer.js";
import { h } from "./dom.js";
import { Live } from "./live.js";
import { closeMenu } from "./menu.js";
import { MessageActions } from "./message_actions.js";
import { allowedActions } from "./message_view.js";
import { filesOf, holdsFiles } from "./pending_files.js";
import { addressOf, channelOf, personOf, readPlace } from "./place.js";
import { openPeople, showChannels, showMe } from "./sidebar.js";
import { State } from "./state.js";
import { Timeline, welcome } from "./timeline.js";
import { Unread } from "./unread.js";

const $ = (id) => document.getElementById(id);

class App {
  #state = new State();
  #unread = new Unread();
  #channel = null;
  #met = false;
  #typingTimer = null;

  constructor() {
    this.announcer = new Announcer($("announcer"));
    this.timeline = new Timeline(
      { scroller: $("scroller"), feed: $("feed"), jump: $("jump") },
      { onAction: (name, messageId, button) => this.actions.act(name, this.#channel.id, messageId, button) },
    );
    this.composer = new Composer(
      {
        box: $("composer"),
        input: $("input"),
        list: $("suggestions"),
        tray: $("tray"),
        banner: $("banner"),
        notice: $("notice"),
        hint: $("command-hint"),
        count: $("count"),
        send: $("send"),
        attach: $("attach"),
        file: $("file"),
        formPlace: $("form-place"),
      },
      this.#state,
      { onSent: () => this.timeline.toEnd(), onEditLast: () => this.#editLast() },
    );
    this.actions = new MessageActions(this.#state, {
      timeline: this.timeline,
      composer: this.composer,
      announcer: this.announcer,
      visit: (channelId) => this.#visit(channelId),
      refresh: () => this.#showMessages(),
    });
    this.live = new Live({
      onEvent: (event) => this.#take(event),
      onStatus: (status) => this.#showStatus(status),
    });
  }

  start() {
    this.#listen();
    this.live.connect(readPlace().user); // the server chooses where the address names nobody
  }

  #listen() {
    $("me").addEventListener("click", () => openPeople($("me"), this.#state, (user) => this.#become(user)));
    $("side").addEventListener("click", (event) => this.#followLink(event));
    $("menu").addEventListener("click", () => this.#showSide(!document.body.classList.contains("side-open")));
    $("veil").addEventListener("click", () => this.#showSide(false));
    addEventListener("popstate", () => this.#goToPlace());
    document.addEventListener("visibilitychange", () => this.#look());
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("paste", (event) => {
      const files = filesOf(event.clipboardData);
      if (files.length === 0) return;
      event.preventDefault();
      this.composer.addFiles(files);
    });
    this.#listenForDrops();
  }

  #listenForDrops() {
    let depth = 0; // dragenter and dragleave come for each element on the way
    const show = (by) => {
      depth = by === 0 ? 0 : Math.max(0, depth + by);
      $("drop").hidden = depth === 0;
    };
    document.addEventListener("dragenter", (event) => holdsFiles(event.dataTransfer) && show(1));
    document.addEventListener("dragleave", (event) => holdsFiles(event.dataTransfer) && show(-1));
    document.addEventListener("dragover", (event) => holdsFiles(event.dataTransfer) && event.preventDefault());
    document.addEventListener("drop", (event) => {
      if (!holdsFiles(event.dataTransfer)) return;
      event.preventDefault();
      show(0);
      this.composer.addFiles(filesOf(event.dataTransfer));
    });
  }

  // ------------------------------------------------------------------------------- what the server says

  #take(event) {
    const change = this.#state.apply(event, Date.now());
    switch (change.kind) {
      case "state":
        return this.#meet();
      case "message":
        return this.#takeMessage(change);
      case "gone":
        return change.channelId === this.#channel?.id ? this.#showMessages() : this.#showSidebar();
      case "typing":
        return this.#showTyping();
      case "channels":
        return this.#goToPlace();
      case "commands":
      case "bot":
        this.#showStrip();
        this.#showSidebar();
        this.#showWelcome();
        this.#showMessages();
        return undefined;
      case "counters":
      case "reka":
        return this.#showStrip();
      default:
        return undefined;
    }
  }

  #meet() {
    const wanted = this.#met ? null : personOf(readPlace(), this.#state.users);
    if (wanted && wanted.id !== this.#state.me.id) {
      this.live.connect(wanted.id); // the address said a name, whose id only this state told
      return;
    }
    if (!this.#met) {
      // The address says it whole from the start, so that Back leads here and a copy of it leads to the same place.
      history.replaceState(null, "", addressOf(this.#state, channelOf(readPlace(), this.#state)));
    }
    const isFirst = !this.#met;
    this.#met = true;
    this.#unread.meet(this.#state);
    $("guild").textContent = this.#state.guild.name;
    showMe($("me"), this.#state.me);
    document.body.classList.add("ready");
    this.#goToPlace();
    this.#showStrip();
    if (isFirst) this.#focusComposer();
  }

  #takeMessage({ channelId, message, isNew }) {
    const isHere = channelId === this.#channel?.id;
    if (isHere) {
      this.#showMessages();
      if (isNew && message.author.id !== this.#state.me.id) this.timeline.announceBelow();
      if (message.author.id !== this.#state.me.id) this.announcer.hear(message, this.#state);
    }
    this.#look();
  }

  /** The open channel counts as read while somebody looks at it. */
  #look() {
    if (!this.#channel) return;
    if (!document.hidden) this.#unread.read(this.#state, this.#channel.id);
    this.#showSidebar();
  }

  #showStatus(status) {
    const lost = status === "lost";
    $("connection").hidden = !lost;
    const trouble = this.#met ? "The connection is lost." : "The sandbox does not answer yet.";
    $("connection").textContent = `${trouble} Trying again…`;
    document.body.classList.toggle("lost", lost);
  }

  // ------------------------------------------------------------------------------------ what is shown

  #goToPlace() {
    if (!this.#state.me) return;
    const wanted = personOf(readPlace(), this.#state.users);
    if (wanted && wanted.id !== this.#state.me.id) return this.live.connect(wanted.id);
    const channel = channelOf(readPlace(), this.#state);
    if (channel) this.#open(channel);
    return undefined;
  }

  #open(channel) {
    const sameView = this.#channel?.id === channel.id && this.openedAs === this.#state.me.id;
    this.#channel = channel;
    this.openedAs = this.#state.me.id;
    if (!sameView) {
      this.timeline.open();
      this.announcer.quiet();
      this.composer.open(channel);
    }
    const label = this.#state.channelLabel(channel);
    $("channel-mark").textContent = channel.kind === "dm" ? "@" : "#";
    $("channel-name").textContent = label;
    const place = channel.kind === "dm" ? `your conversation with ${label}` : `#${label}`;
    $("feed").setAttribute("aria-label", `Messages in ${place}`);
    this.#showWelcome();
    this.#showMessages();
    this.#showTyping();
    this.#look();
  }

  #showMessages() {
    if (!this.#channel) return;
    this.timeline.show(this.#state.messagesIn(this.#channel.id), this.#state);
    this.composer.update();
    this.#showTyping();
    this.#showSidebar();
  }

  #showWelcome() {
    if (!this.#channel) return;
    const { bot, botOnline } = this.#state;
    $("welcome").replaceChildren(
      welcome({
        channel: this.#channel,
        label: this.#state.channelLabel(this.#channel),
        bot,
        online: botOnline,
        onTry: (text) => this.composer.write(text),
      }),
    );
  }

  #showSidebar() {
    if (!this.#state.me) return;
    showChannels({ channels: $("channels"), direct: $("direct") }, this.#state, this.#channel, this.#unread);
    const waiting = this.#state.channels.map((channel) => this.#unread.of(this.#state, channel.id));
    const mentions = waiting.reduce((sum, { mentions: more }) => sum + more, 0);
    const fresh = waiting.some(({ count }) => count > 0);
    const mark = this.#channel?.kind === "dm" ? "@" : "#";
    const where = this.#channel ? `${mark}${this.#state.channelLabel(this.#channel)} · ` : "";
    document.title = `${mentions > 0 ? `(${mentions}) ` : fresh ? "• " : ""}${where}${this.#state.guild.name}`;
    $("menu").classList.toggle("news", fresh);
  }

  #showStrip() {
    const { reka, bot, botOnline, counters } = this.#state;
    $("reka").replaceChildren(
      h("span", { class: "reka-label" }, "Answers: ", h("b", {}, reka.label)),
      reka.stand_in ? h("span", { class: "stand-in" }, "Stand-in, not a model") : "",
    );
    $("reka").classList.toggle("is-stand-in", reka.stand_in);
    $("bot-online").textContent = bot ? `${bot.name} is ${botOnline ? "online" : "offline"}` : "No bot yet";
    $("bot-online").classList.toggle("on", bot !== null && botOnline);
    $("rate-limited").textContent = `429s: ${counters.rate_limited}`;
    $("rate-limited").classList.toggle("hot", counters.rate_limited > 0);
    $("rate-limited").title =
      `${counters.requests} requests of the bot so far, ${counters.rate_limited} of them refused by a rate limit`;
  }

  #showTyping() {
    clearTimeout(this.#typingTimer);
    const names = this.#channel ? this.#state.typingIn(this.#channel.id, Date.now()).map((user) => user.name) : [];
    const words = names.length === 0 ? "" : `${names.join(", ")} ${names.length === 1 ? "is" : "are"} typing…`;
    if ($("typing-words").textContent !== words) $("typing-words").textContent = words;
    $("typing").classList.toggle("shown", names.length > 0);
    if (names.length > 0) this.#typingTimer = setTimeout(() => this.#showTyping(), 500);
  }

  #showSide(open) {
    document.body.classList.toggle("side-open", open);
    $("menu").setAttribute("aria-expanded", String(open));
    if (open) $("side").querySelector("a")?.focus();
  }

  // ------------------------------------------------------------------------------- what a person does

  #followLink(event) {
    const link = event.target.closest("a[data-channel-id]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    this.#visit(link.dataset.channelId);
  }

  #visit(channelId) {
    const channel = this.#state.channel(channelId);
    if (!channel) return;
    history.pushState(null, "", addressOf(this.#state, channel));
    this.#open(channel);
    this.#showSide(false);
    this.#focusComposer();
  }

  #focusComposer() {
    const keyboardPopsUp = matchMedia("(pointer: coarse)").matches;
    if (!keyboardPopsUp) this.composer.focus();
  }

  #become(user) {
    if (user.id === this.#state.me.id) return;
    const shared = this.#channel?.kind === "dm" ? { ...this.#channel, name: "dm" } : this.#channel;
    const query = new URLSearchParams({ as: user.name });
    if (shared) query.set("channel", shared.name);
    history.pushState(null, "", `${location.pathname}?${query}`);
    this.live.connect(user.id);
    this.#showSide(false);
  }

  #key(event) {
    if (event.key === "Escape" && closeMenu()) return;
    if (event.key === "Escape" && document.body.classList.contains("side-open")) {
      this.#showSide(false);
      $("menu").focus();
      return;
    }
    const isLetter = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (isLetter && event.target === document.body) this.composer.focus(); // typing anywhere writes, as people expect of a chat
  }

  #editLast() {
    const messages = this.#state.messagesIn(this.#channel.id);
    const last = messages.findLast((message) => allowedActions(message, this.#state).edit);
    if (last) this.composer.edit(last);
    return last !== undefined;
  }
}

new App().start();
