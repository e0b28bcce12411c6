// The live socket: one person's view of the guild, kept up by itself.

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 5_000;

export class Live {
  #socket = null;
  #timer = null;
  #user = null;
  #failures = 0;

  /** `onEvent(event)` for each push; `onStatus("connecting" | "open" | "lost")`. */
  constructor({ onEvent, onStatus }) {
    this.onEvent = onEvent;
    this.onStatus = onStatus;
    window.addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => !document.hidden && this.#hurry());
  }

  /** Sees the guild as this user from now on; null lets the server choose whom. */
  connect(userId) {
    this.#user = userId;
    this.#failures = 0;
    this.#open();
  }

  #open() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#drop();
    const address = new URL("/sandbox/live", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (this.#user) address.searchParams.set("user", this.#user);
    const socket = new WebSocket(address);
    this.#socket = socket;
    if (this.#failures === 0) this.onStatus("connecting");
    socket.addEventListener("message", ({ data }) => {
      if (socket !== this.#socket) return;
      const event = JSON.parse(data);
      if (event.t === "state") {
        this.#failures = 0;
        this.onStatus("open");
      }
      this.onEvent(event);
    });
    socket.addEventListener("close", () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#failures += 1;
      this.onStatus("lost");
      const wait_ms = Math.min(FIRST_WAIT_MS * 2 ** (this.#failures - 1), LONGEST_WAIT_MS);
      this.#timer = setTimeout(() => this.#open(), wait_ms);
    });
  }

  /** A person is looking again, or the network is back: no reason to wait on. */
  #hurry() {
    if (this.#timer !== null) this.#open();
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null; // its events are not ours any more
    socket?.close();
  }
}
