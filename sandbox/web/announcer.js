// Says new messages to screen readers. A message that grows is said once, when it has been still for a moment.

import { firstWords, namesFor } from "./message_view.js";

const STILL_MS = 1_500;
const LONGEST_CHARS = 400;

export class Announcer {
  #waiting = new Map(); // message id -> timer
  #said = new Map(); // message id -> the words last said

  /** `region`: an element with aria-live="polite". */
  constructor(region) {
    this.region = region;
  }

  /** A message of somebody else came or changed. */
  hear(message, state) {
    clearTimeout(this.#waiting.get(message.id));
    this.#waiting.set(
      message.id,
      setTimeout(() => this.#say(message, state), STILL_MS),
    );
  }

  /** Says something of the page's own at once. */
  say(words) {
    this.region.textContent = words;
  }

  /** Says nothing more of what came before, as when another channel opens. */
  quiet() {
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    this.#said.clear();
    this.region.textContent = "";
  }

  #say(message, state) {
    this.#waiting.delete(message.id);
    const words = firstWords(message.content, namesFor(message, state), LONGEST_CHARS);
    const content = message.thinking ? "is thinking" : words;
    if (this.#said.get(message.id) === content) return;
    this.#said.set(message.id, content);
    this.region.textContent = `${message.author.name}: ${content || "an attachment"}`;
  }
}
