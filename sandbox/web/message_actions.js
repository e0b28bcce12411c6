// What a person does to one message: answer, edit, delete, copy, apps, buttons.

import * as api from "./api.js";
import { messageCommands } from "./command_line.js";
import { openMenu } from "./menu.js";

const COPIED_MS = 1_500;
const PRESS_MS = 3_000; // Discord gives a bot three seconds to answer a button

export class MessageActions {
  #state;

  /** `visit(channelId)` opens a channel; `refresh()` shows the open channel's messages anew. */
  constructor(state, { timeline, composer, announcer, visit, refresh }) {
    this.#state = state;
    Object.assign(this, { timeline, composer, announcer, visit, refresh });
  }

  /** Does what the button says; `name` is its data-do. */
  act(name, channelId, messageId, button) {
    const message = this.#state.message(channelId, messageId);
    if (!message) return undefined;
    switch (name) {
      case "reply":
        return this.composer.reply(message);
      case "edit":
        return this.composer.edit(message);
      case "delete":
        return this.#try(() => api.deleteMessage(message.id, this.#state.me.id));
      case "copy":
        return this.#copy(message.content, button);
      case "copy-code":
        return this.#copy(button.closest("figure").querySelector("code").textContent, button);
      case "apps":
        return this.#openApps(message, button);
      case "press":
        return this.#press(message, button);
      case "dismiss":
        this.timeline.dismiss(message.id);
        return this.refresh();
      case "jump":
        return this.#jump(button.dataset.targetId);
      case "open-channel":
        return this.visit(button.dataset.channelId);
      default:
        throw new Error(`No action is called ${name}`);
    }
  }

  #jump(messageId) {
    if (this.timeline.goTo(messageId)) return;
    this.composer.complain("That message is not on this page any more.");
  }

  #openApps(message, button) {
    const commands = messageCommands(this.#state.commands);
    openMenu(button, {
      label: "Apps",
      empty: "No app offers anything for messages.",
      items: commands.map((command) => ({
        label: command.name,
        note: this.#state.bot?.name,
        testid: `app-${command.name}`,
        onChoose: () => this.#try(() => api.runOnMessage({ ...this.#address(message), name: command.name })),
      })),
    });
  }

  async #press(message, button) {
    button.classList.add("busy");
    await this.#try(() => api.pressButton({ ...this.#address(message), custom_id: button.dataset.customId }));
    setTimeout(() => button.classList.remove("busy"), PRESS_MS);
  }

  #address(message) {
    return { user_id: this.#state.me.id, channel_id: message.channel_id, message_id: message.id };
  }

  async #try(call) {
    try {
      await call();
    } catch (error) {
      if (!(error instanceof api.Refused)) throw error;
      this.composer.complain(error.message);
    }
  }

  async #copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
    } catch (error) {
      if (!(error instanceof DOMException) && !(error instanceof TypeError)) throw error;
      this.composer.complain("The browser does not let this page copy. Select the text and copy it by hand.");
      return;
    }
    button.classList.add("copied");
    const words = button.matches(".copy");
    if (words) button.textContent = "Copied";
    this.announcer.say("Copied");
    setTimeout(() => {
      button.classList.remove("copied");
      if (words) button.textContent = "Copy";
    }, COPIED_MS);
  }
}
