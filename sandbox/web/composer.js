// Where one writes: text, mentions, slash commands, files, answers and edits. Nothing typed is lost: what the
// server refuses comes back into the box.

import { Refused, editMessage, runCommand, sendMessage } from "./api.js";
import { commandForm } from "./command_form.js";
import { OPTION, commandQuery, missing, readLine, readValues, slashCommands } from "./command_line.js";
import { closeButton, h, icon } from "./dom.js";
import { decodeMentions, encodeMentions, mentionQuery } from "./mentions.js";
import { firstWords, namesFor } from "./message_view.js";
import { PendingFiles } from "./pending_files.js";
import { Suggestions } from "./suggestions.js";

const LONGEST_CHARS = 4_000; // what the sandbox takes from a person; bots have half
const COUNT_FROM_CHARS = 3_600;

export class Composer {
  #channel = null;
  #drafts = new Map(); // "user/channel" -> {text, files, aim}
  #draftKey = "";
  #aim = null; // {kind: "reply" | "edit", message}
  #form = null;
  #sending = Promise.resolve(); // one at a time, so that two quick messages keep their order

  /** `elements`: see app.js; `state`: the State; `onSent()` after a send began. */
  constructor(elements, state, { onSent, onEditLast }) {
    Object.assign(this, elements);
    this.state = state;
    this.onSent = onSent;
    this.onEditLast = onEditLast;
    this.suggestions = new Suggestions(this.list, this.input);
    this.pending = new PendingFiles(this.tray, {
      onChange: () => this.#refresh(),
      onTooMany: (limit) => this.complain(`A message holds at most ${limit} files. The others were left out.`),
    });
    this.input.addEventListener("input", () => this.#refresh());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.input.addEventListener("click", () => this.#suggest());
    this.input.addEventListener("blur", () => this.suggestions.close());
    this.box.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.attach.addEventListener("click", () => this.file.click());
    this.file.addEventListener("change", () => {
      this.addFiles([...this.file.files]);
      this.file.value = "";
    });
  }

  /** Writes for this channel from now on; each person has a draft in each channel. */
  open(channel) {
    const isFirst = this.#draftKey === "";
    this.#keepDraft();
    this.#closeForm();
    this.#channel = channel;
    this.#draftKey = `${this.state.me.id}/${channel.id}`;
    // Files chosen before the first state came are for the first channel.
    const empty = { text: "", files: isFirst ? this.pending.files : [], aim: null };
    const draft = this.#drafts.get(this.#draftKey) ?? empty;
    this.input.disabled = false;
    const label = channel.kind === "dm" ? `@${this.state.channelLabel(channel)}` : `#${channel.name}`;
    this.input.placeholder = `Message ${label}`;
    this.input.setAttribute("aria-label", `Message ${label}`);
    this.input.value = draft.text;
    this.#setAim(draft.aim);
    this.pending.set(draft.files);
    this.notice.hidden = true;
  }

  /** The state changed under the composer: menus and aims may be out of date. */
  update() {
    if (this.#aim) {
      const message = this.state.message(this.#channel.id, this.#aim.message.id);
      if (!message) this.#setAim(null);
    }
    if (document.activeElement === this.input) this.#suggest();
  }

  focus() {
    if (this.#form) this.#form.focus();
    else this.input.focus();
  }

  /** Puts words into the box, as from a hint. */
  write(text) {
    this.input.value = text;
    this.focus();
    this.input.setSelectionRange(text.length, text.length);
    this.#refresh();
  }

  reply(message) {
    if (this.#aim?.kind === "edit") this.input.value = "";
    this.#setAim({ kind: "reply", message });
    this.focus();
  }

  edit(message) {
    this.#setAim({ kind: "edit", message });
    this.write(decodeMentions(message.content, this.state.everybody()));
  }

  addFiles(files) {
    if (files.length === 0) return;
    const rest = this.#form ? files.filter((file) => !this.#form.addFile(file)) : files;
    if (this.#form && rest.length > 0) return this.complain("This command takes no more files.");
    if (rest.length > 0) this.pending.add(rest);
    this.focus();
  }

  /** Shows a small notice above the box. */
  complain(words) {
    this.notice.replaceChildren(
      h("span", {}, words),
      closeButton("Close this notice", () => (this.notice.hidden = true)),
    );
    this.notice.hidden = false;
  }

  // ------------------------------------------------------------------------------------------- typing

  #key(event) {
    if (event.isComposing) return;
    if (this.suggestions.isOpen && this.#enterSendsAsItIs(event)) return;
    if (this.suggestions.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && this.#aim) {
      event.preventDefault();
      this.#leaveAim();
    } else if (event.key === "ArrowUp" && this.input.value === "" && !this.#aim) {
      if (this.onEditLast()) event.preventDefault();
    }
  }

  /** A name or a command written out to its end needs no second Enter: the menu has nothing to add. */
  #enterSendsAsItIs(event) {
    if (event.key !== "Enter" || event.shiftKey || !(this.#isWholeCommand() || this.#isWholeName())) return false;
    event.preventDefault();
    this.suggestions.close();
    this.#submit();
    return true;
  }

  #isWholeCommand() {
    const line = commandQuery(this.input.value) === null ? null : readLine(this.input.value, this.state.commands);
    return line !== null && line.command.options.length === 0;
  }

  #isWholeName() {
    const mention = mentionQuery(this.input.value, this.input.selectionStart);
    const found = mention ? this.#peopleNamed(mention.query) : [];
    return found.length === 1 && found[0].name.toLowerCase() === mention.query;
  }

  #peopleNamed(query) {
    return this.state.everybody().filter((user) => user.name.toLowerCase().startsWith(query));
  }

  #refresh() {
    this.#suggest();
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight}px`;
    const text = this.input.value;
    this.send.disabled = text.trim() === "" && this.pending.files.length === 0;
    const length = encodeMentions(text, this.state.everybody()).length;
    this.count.hidden = length < COUNT_FROM_CHARS;
    this.count.textContent = String(LONGEST_CHARS - length);
    this.count.classList.toggle("over", length > LONGEST_CHARS);
    this.#hintAtCommand();
  }

  #suggest() {
    const caret = this.input.selectionStart;
    const mention = mentionQuery(this.input.value, caret);
    const command = this.#aim?.kind === "edit" ? null : commandQuery(this.input.value);
    if (command !== null) this.#suggestCommands(command);
    else if (mention) this.#suggestPeople(mention, caret);
    else this.suggestions.close();
  }

  #suggestCommands(query) {
    const found = slashCommands(this.state.commands).filter((command) => command.name.includes(query));
    this.suggestions.open({
      label: "Slash commands",
      testid: "commands",
      items: found.map((command) => ({
        id: command.name,
        testid: `command-${command.name}`,
        title: `/${command.name}`,
        note: command.description,
        command,
      })),
      onPick: ({ command }) => this.#openForm(command, {}, {}),
    });
  }

  #suggestPeople({ from, query }, caret) {
    const found = this.#peopleNamed(query);
    this.suggestions.open({
      label: "People to mention",
      testid: "mentions",
      items: found.map((user) => ({
        id: user.id,
        testid: `mention-${user.name}`,
        title: user.name,
        note: user.bot ? "the bot" : "",
        user,
      })),
      onPick: ({ user }) => {
        this.input.setRangeText(`@${user.name} `, from, caret, "end");
        this.#refresh();
      },
    });
  }

  #hintAtCommand() {
    const line = this.#aim?.kind === "edit" ? null : readLine(this.input.value, this.state.commands);
    const open = line && /\s/.test(this.input.value.trimStart());
    this.hint.hidden = !open;
    if (!open) return;
    const names = line.command.options.map((option) => (option.required ? `${option.name}*` : option.name));
    const options = names.join(", ");
    this.hint.replaceChildren(
      h("b", { class: "command-name" }, `/${line.command.name}`),
      ` ${line.command.description}${options ? ` · ${options}` : ""} · Enter runs it`,
    );
  }

  // ---------------------------------------------------------------------------------------- answering

  #setAim(aim) {
    this.#aim = aim;
    this.banner.hidden = aim === null;
    this.send.setAttribute("aria-label", aim?.kind === "edit" ? "Save" : "Send");
    if (!aim) return this.#refresh();
    const { message, kind } = aim;
    const words = firstWords(message.content, namesFor(message, this.state), 80);
    const what = kind === "reply" ? ["Replying to ", h("b", {}, message.author.name)] : ["Editing your message"];
    this.banner.replaceChildren(
      icon(kind),
      h("span", { class: "banner-words" }, what, h("span", { class: "preview" }, words)),
      closeButton("Cancel", () => this.#leaveAim(), { title: "Cancel (Escape)", "data-testid": "cancel-aim" }),
    );
    this.#refresh();
  }

  #leaveAim() {
    if (this.#aim?.kind === "edit") this.input.value = "";
    this.#setAim(null);
    this.focus();
  }

  #keepDraft() {
    if (!this.#draftKey) return;
    const editing = this.#aim?.kind === "edit";
    const text = editing ? "" : this.input.value;
    this.#drafts.set(this.#draftKey, { text, files: this.pending.files, aim: editing ? null : this.#aim });
  }

  // ------------------------------------------------------------------------------------------ sending

  #submit() {
    if (!this.#channel) return;
    const text = this.input.value;
    const line = this.#aim?.kind === "edit" ? null : readLine(text, this.state.commands);
    if (line) return this.#submitLine(line);
    const content = encodeMentions(text, this.state.everybody()).trim();
    if (this.#aim?.kind === "edit") return this.#submitEdit(content);
    if (content === "" && this.pending.files.length === 0) return undefined;
    const aim = this.#aim;
    const files = this.pending.take();
    this.#clear();
    const payload = { ...this.#address(), content, reply_to: aim?.message.id ?? null };
    return this.#deliver(
      () => sendMessage(payload, files),
      () => ({ text, files, aim }),
    );
  }

  #submitEdit(content) {
    const { message } = this.#aim;
    const text = this.input.value;
    if (content === "" && message.attachments.length === 0) {
      return this.complain("An empty message cannot be kept. Delete it instead.");
    }
    const payload = { user_id: this.state.me.id, content };
    this.#clear();
    return this.#deliver(
      () => editMessage(message.id, payload),
      () => ({ text, files: [], aim: { kind: "edit", message } }),
    );
  }

  #submitLine({ command, rest }) {
    const text = this.input.value;
    const values = readValues(command, encodeMentions(rest, this.state.everybody()));
    const files = this.#filesFor(command);
    if (missing(command, values, files).length > 0) return this.#openForm(command, values, files);
    this.pending.take();
    this.#clear();
    return this.#run(command, values, files, () => ({ text, files: Object.values(files), aim: null }));
  }

  /** Waiting files go to the command's attachment options, in order. */
  #filesFor(command) {
    const takers = command.options.filter((option) => option.type === OPTION.attachment);
    const files = this.pending.files.slice(0, takers.length);
    return Object.fromEntries(files.map((file, index) => [takers[index].name, file]));
  }

  #openForm(command, values, files) {
    this.#closeForm();
    const waiting = { ...this.#filesFor(command), ...files };
    this.pending.take();
    this.#clear();
    this.#form = commandForm(command, {
      values: inTexts(values, (text) => decodeMentions(text, this.state.everybody())),
      files: waiting,
      people: this.state.everybody(),
      channels: this.state.channels.filter((channel) => channel.kind !== "dm"),
      onCancel: () => {
        this.#closeForm();
        this.focus();
      },
      onRun: (filled, given) => this.#runForm(command, filled, given),
    });
    this.box.hidden = true;
    this.formPlace.replaceChildren(this.#form.form);
    this.#form.focus();
  }

  #runForm(command, filled, files) {
    const values = inTexts(filled, (text) => encodeMentions(text, this.state.everybody()));
    this.#closeForm();
    this.focus();
    return this.#run(command, values, files, () => ({ form: { command, values, files } }));
  }

  #run(command, values, files, undo) {
    const payload = { ...this.#address(), name: command.name, options: values };
    return this.#deliver(() => runCommand(payload, files), undo);
  }

  #closeForm() {
    this.#form = null;
    this.formPlace.replaceChildren();
    this.box.hidden = false;
  }

  #address() {
    return { user_id: this.state.me.id, channel_id: this.#channel.id };
  }

  #clear() {
    this.input.value = "";
    this.suggestions.close();
    this.notice.hidden = true;
    this.#setAim(null);
  }

  #deliver(call, undo) {
    this.onSent();
    const key = this.#draftKey;
    this.#sending = this.#sending.then(async () => {
      try {
        await call();
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        this.#giveBack(key, undo());
        this.complain(error.message);
      }
    });
    return this.#sending;
  }

  /** What was refused returns to its box, before anything typed since. */
  #giveBack(key, { text = "", files = [], aim = null, form = null }) {
    if (key !== this.#draftKey) {
      const draft = this.#drafts.get(key) ?? { text: "", files: [], aim: null };
      const kept = aim?.kind === "edit" ? { text: "", aim: null } : { text, aim };
      const returned = { text: joined(kept.text, draft.text), files: [...files, ...draft.files] };
      this.#drafts.set(key, { ...returned, aim: draft.aim ?? kept.aim });
      return;
    }
    if (form) return this.#openForm(form.command, form.values, form.files);
    this.input.value = joined(text, this.input.value);
    if (files.length > 0) this.pending.set([...files, ...this.pending.files]);
    this.#setAim(this.#aim ?? aim);
  }
}

/** The same values with `change` applied to those that are text. */
function inTexts(values, change) {
  const pairs = Object.entries(values);
  return Object.fromEntries(pairs.map(([name, value]) => [name, typeof value === "string" ? change(value) : value]));
}

function joined(before, after) {
  return [before, after].filter((text) => text.trim() !== "").join("\n");
}
