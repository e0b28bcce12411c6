// The messages of the open channel: patched in place, pinned to the end only while the reader is at the end.

import { h, morph } from "./dom.js";
import { refreshTimes } from "./markdown_view.js";
import { messageArticle } from "./message_view.js";

const AT_END_PX = 60;
const LONG_PRESS_MS = 450;

export class Timeline {
  #shown = new Map(); // message id -> {article, message, previous}
  #context = []; // what else an article depends on
  #atEnd = true;
  #lastTop_px = 0;
  #dismissed = new Set();

  /** `elements`: {scroller, feed, jump}; `onAction(name, messageId, button)` for what a person does to a message. */
  constructor({ scroller, feed, jump }, { onAction }) {
    this.scroller = scroller;
    this.feed = feed;
    this.jump = jump;
    this.onAction = onAction;
    scroller.addEventListener("scroll", () => this.#noticePlace(), { passive: true });
    jump.addEventListener("click", () => this.toEnd());
    feed.addEventListener("click", (event) => this.#click(event));
    feed.addEventListener("keydown", (event) => this.#key(event));
    this.#listenForLongPress();
    // One rule for every kind of growth: text, pictures that load, the window, the composer.
    const sizes = new ResizeObserver(() => this.#atEnd && this.#scrollToEnd());
    sizes.observe(feed);
    sizes.observe(scroller);
    setInterval(() => refreshTimes(feed), 15_000);
  }

  /** Shows another channel: from its end, nothing of the last one left. */
  open() {
    this.#shown.clear();
    this.feed.replaceChildren();
    this.#atEnd = true;
    this.#lastTop_px = 0;
    this.jump.hidden = true;
  }

  /** Makes the page show these messages; only what changed is touched. */
  show(messages, state) {
    const visible = messages.filter((message) => !this.#dismissed.has(message.id));
    const ids = new Set(visible.map((message) => message.id));
    for (const [id, { article }] of this.#shown) {
      if (ids.has(id)) continue;
      article.remove();
      this.#shown.delete(id);
    }
    const context = [state.me, state.bot, state.users, state.channels, state.commands];
    const stale = context.some((part, index) => part !== this.#context[index]);
    this.#context = context;
    let previous = null;
    let place = this.feed.firstElementChild;
    for (const message of visible) {
      const article = this.#articleOf(message, previous, state, stale);
      if (article === place) place = place.nextElementSibling;
      else this.feed.insertBefore(article, place);
      previous = message;
    }
    this.#keepOneTabStop();
    if (this.#atEnd) this.#scrollToEnd();
  }

  /** A message came that the reader may not see yet. */
  announceBelow() {
    if (!this.#atEnd) this.jump.hidden = false;
  }

  get atEnd() {
    return this.#atEnd;
  }

  toEnd() {
    this.#atEnd = true;
    this.jump.hidden = true;
    this.#scrollToEnd();
  }

  dismiss(messageId) {
    this.#dismissed.add(messageId);
  }

  /** Scrolls to a message and marks it for a moment; false where it is not here. */
  goTo(messageId) {
    const article = this.#shown.get(messageId)?.article;
    if (!article) return false;
    article.scrollIntoView({ block: "center" });
    article.classList.remove("found");
    article.getBoundingClientRect(); // restarts the animation
    article.classList.add("found");
    article.focus({ preventScroll: true });
    return true;
  }

  #articleOf(message, previous, state, stale) {
    const known = this.#shown.get(message.id);
    // A changed message is a new object, so that identity tells whether there is anything to do.
    if (known && !stale && known.message === message && known.previous === previous) return known.article;
    const fresh = messageArticle(message, previous, state);
    if (known) morph(known.article, fresh);
    const article = known?.article ?? fresh;
    this.#shown.set(message.id, { article, message, previous });
    return article;
  }

  #keepOneTabStop() {
    const stops = this.feed.querySelectorAll('article[tabindex="0"]');
    if (stops.length === 1 && stops[0].contains(document.activeElement)) return;
    for (const stop of stops) stop.tabIndex = -1;
    if (this.feed.lastElementChild) this.feed.lastElementChild.tabIndex = 0;
  }

  #scrollToEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  #noticePlace() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const left_px = scrollHeight - scrollTop - clientHeight;
    // Only a reader scrolls up. A page that grew between our scrolling and this event is still held at its end.
    if (left_px < AT_END_PX) this.#atEnd = true;
    else if (scrollTop < this.#lastTop_px) this.#atEnd = false;
    this.#lastTop_px = scrollTop;
    if (this.#atEnd) this.jump.hidden = true;
  }

  #click(event) {
    const target = event.target.closest("[data-do]");
    if (!target) return;
    this.#act(target);
    if (target.closest(".toolbar")) this.#holdOnly(null);
  }

  #act(target) {
    const name = target.dataset.do;
    if (name === "spoiler") {
      target.setAttribute("aria-expanded", "true");
      target.removeAttribute("title");
      return;
    }
    this.onAction(name, target.closest("article")?.dataset.messageId, target);
  }

  #key(event) {
    const article = event.target.closest("article");
    if (event.target.matches?.(".spoiler") && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      this.#act(event.target);
    } else if (event.target === article && !event.ctrlKey && !event.metaKey && !event.altKey) {
      this.#keyOnMessage(event, article);
    } else if (event.key === "Escape" && article && event.target !== article) {
      article.focus();
    }
  }

  #keyOnMessage(event, article) {
    const moves = {
      ArrowUp: article.previousElementSibling,
      ArrowDown: article.nextElementSibling,
      Home: this.feed.firstElementChild,
      End: this.feed.lastElementChild,
    };
    const acts = { r: "reply", e: "edit", c: "copy", Delete: "delete" };
    if (event.key in moves) {
      event.preventDefault();
      const next = moves[event.key];
      if (!next) return;
      article.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    } else if (event.key in acts) {
      const button = article.querySelector(`.toolbar [data-do="${acts[event.key]}"]`);
      if (!button) return;
      event.preventDefault();
      this.#act(button);
    }
  }

  #listenForLongPress() {
    let timer = null;
    let justHeld = false;
    const stop = () => clearTimeout(timer);
    // Lifting the finger clicks whatever came up under it: that click was not meant.
    const swallow = (event) => {
      if (!justHeld) return;
      justHeld = false;
      event.preventDefault();
      event.stopPropagation();
    };
    this.feed.addEventListener("click", swallow, true);
    this.feed.addEventListener("pointerdown", (event) => {
      stop();
      justHeld = false;
      this.#holdOnly(event.target.closest(".toolbar, [data-held]"));
      if (event.pointerType === "mouse") return;
      const article = event.target.closest("article");
      timer = setTimeout(() => {
        justHeld = true;
        this.#holdOnly(article);
      }, LONG_PRESS_MS);
    });
    for (const name of ["pointerup", "pointercancel", "pointermove"]) {
      this.feed.addEventListener(name, (event) => {
        if (name !== "pointermove" || Math.abs(event.movementX) + Math.abs(event.movementY) > 6) stop();
      });
    }
  }

  /** The message whose actions a long press holds open; touching elsewhere lets it go. */
  #holdOnly(element) {
    const kept = element?.closest("article") ?? null;
    for (const held of this.feed.querySelectorAll("[data-held]")) {
      if (held !== kept) held.removeAttribute("data-held");
    }
    if (kept) kept.setAttribute("data-held", "");
  }
}

/** What stands above the first message: where one is, and what to try. */
export function welcome({ channel, label, bot, online, onTry }) {
  const direct = channel.kind === "dm";
  const title = direct ? label : `#${channel.name}`;
  const name = bot?.name ?? "the bot";
  const tries = direct
    ? ["Hello!", "Write me some code", "/ask"]
    : [`@${name} hello`, `@${name} show me some code`, "/ask"];
  const about = direct
    ? `In a direct message ${name} reads every word.`
    : `Mention ${name} to talk with it. Everybody here sees the answer.`;
  return h(
    "div",
    { class: "welcome", "data-testid": "welcome" },
    h("h2", {}, direct ? `You and ${title}` : `Welcome to ${title}`),
    h("p", {}, about),
    bot && !online && h("p", { class: "warning" }, `${name} is offline now. It answers once it is back.`),
    h(
      "p",
      { class: "tries" },
      h("span", {}, "Try:"),
      tries.map((text) => h("button", { type: "button", class: "try", onclick: () => onTry(text) }, text)),
      h("span", {}, "or drop a picture anywhere."),
    ),
  );
}
