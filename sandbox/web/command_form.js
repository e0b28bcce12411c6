// A slash command's options as form fields.

import { OPTION } from "./command_line.js";
import { closeButton, h } from "./dom.js";
import { fileCard } from "./pending_files.js";

/**
 * Builds the form of a command.
 *
 * `values` and `files` fill fields in advance; `people` and `channels` are what options of those kinds offer.
 * `onRun(values, files)` gets what was filled in, `onCancel()` is Escape or the button.
 * Answers {form, focus(), addFile(file) -> whether an option took it}.
 */
export function commandForm(command, { values, files, people, channels, onRun, onCancel }) {
  const fields = command.options.map((option) => fieldOf(option, { values, files, people, channels }));
  const run = h("button", { type: "submit", class: "run", "data-testid": "run-command" }, "Run");
  const form = h(
    "form",
    { class: "command-form", "data-testid": "command-form", "aria-label": `/${command.name}`, novalidate: true },
    h(
      "header",
      {},
      h("b", { class: "command-name" }, `/${command.name}`),
      h("span", { class: "option-note" }, command.description),
      closeButton("Cancel", onCancel),
    ),
    fields.length > 0 && h("div", { class: "fields" }, fields.map((field) => field.row)),
    h("footer", {}, h("span", { class: "hint" }, "Enter runs it, Escape cancels"), run),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wrong = fields.find((field) => !field.isValid());
    if (wrong) return wrong.complain();
    onRun(filled(fields, "value"), filled(fields, "file"));
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      onCancel();
    } else if (isPlainEnter(event) && event.target.matches("textarea, input")) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  return {
    form,
    focus: () => (fields.find((field) => field.required && field.isEmpty()) ?? fields[0] ?? run).focus(),
    addFile: (file) => fields.some((field) => field.takeFile(file)),
  };
}

const isPlainEnter = (event) => event.key === "Enter" && !event.shiftKey && !event.isComposing;

/** {option name: what its field holds}, fields that hold nothing left out; `what` is "value" or "file". */
function filled(fields, what) {
  const pairs = fields.map((field) => [field.name, field[what]()]);
  return Object.fromEntries(pairs.filter(([, held]) => held !== null));
}

function fieldOf(option, { values, files, people, channels }) {
  const given = values[option.name];
  if (option.type === OPTION.attachment) return fileField(option, files[option.name] ?? null);
  if (option.type === OPTION.boolean) return switchField(option, given === true);
  if ((option.choices ?? []).length > 0) return selectField(option, option.choices, given);
  if (option.type === OPTION.user) {
    const choices = people.map((user) => ({ name: user.name, value: user.id }));
    return selectField(option, choices, given);
  }
  if (option.type === OPTION.channel) {
    const choices = channels.map((channel) => ({ name: `#${channel.name}`, value: channel.id }));
    return selectField(option, choices, given);
  }
  return textField(option, given);
}

const inputId = (option) => `option-${option.name}`;

function labelOf(option, extra = "") {
  return h(
    "label",
    { for: inputId(option), class: "field-label" },
    h("span", {}, option.name, option.required && h("span", { class: "required", title: "Required" }, " *")),
    h("small", {}, option.description, extra),
  );
}

function field(option, row, input, { value, isEmpty, file = () => null, takeFile = () => false, isValid = null }) {
  const fits = () => (isValid?.() ?? true) && !(option.required && isEmpty());
  input.addEventListener("input", () => input.removeAttribute("aria-invalid"));
  return {
    row,
    name: option.name,
    required: option.required,
    value,
    isEmpty,
    file,
    takeFile,
    isValid: fits,
    focus: () => input.focus(),
    complain: () => {
      input.setAttribute("aria-invalid", "true");
      input.focus();
    },
  };
}

function attributesOf(option) {
  const required = option.required ? "true" : null;
  return { id: inputId(option), "data-testid": `option-${option.name}`, "aria-required": required };
}

function textField(option, given) {
  const isNumber = option.type === OPTION.integer || option.type === OPTION.number;
  const input = isNumber
    ? h("input", { ...attributesOf(option), type: "number", step: option.type === OPTION.integer ? "1" : "any" })
    : h("textarea", { ...attributesOf(option), rows: "1", dir: "auto", autocomplete: "off" });
  input.value = given ?? "";
  return field(option, h("div", { class: "field" }, labelOf(option), input), input, {
    value: () => (input.value.trim() === "" ? null : isNumber ? Number(input.value) : input.value.trim()),
    isEmpty: () => input.value.trim() === "",
    isValid: () => !isNumber || input.validity.valid,
  });
}

function switchField(option, given) {
  const input = h("input", { ...attributesOf(option), type: "checkbox", role: "switch" });
  input.checked = given;
  let touched = given;
  input.addEventListener("change", () => (touched = true));
  return field(option, h("div", { class: "field switch" }, labelOf(option), input), input, {
    value: () => (touched || option.required ? input.checked : null),
    isEmpty: () => false,
  });
}

function selectField(option, choices, given) {
  const rows = choices.map(({ name }, index) => h("option", { value: String(index) }, name));
  const input = h("select", attributesOf(option), h("option", { value: "" }, "—"), rows);
  const at = choices.findIndex(({ value }) => String(value) === String(given));
  input.value = at === -1 ? "" : String(at);
  return field(option, h("div", { class: "field" }, labelOf(option), input), input, {
    value: () => (input.value === "" ? null : choices[Number(input.value)].value),
    isEmpty: () => input.value === "",
  });
}

function fileField(option, given) {
  let file = given;
  const input = h("input", { ...attributesOf(option), type: "file" });
  const tray = h("ul", { class: "tray inline" });
  const show = () => {
    tray.replaceChildren(...(file ? [fileCard(file, () => take(null))] : []));
    input.hidden = file !== null;
  };
  const take = (next) => {
    file = next;
    input.value = "";
    show();
  };
  input.addEventListener("change", () => {
    if (input.files.length > 0) take(input.files[0]);
  });
  show();
  const row = h("div", { class: "field" }, labelOf(option), h("div", { class: "file-field" }, input, tray));
  return field(option, row, input, {
    value: () => null,
    isEmpty: () => file === null,
    file: () => file,
    takeFile: (next) => {
      if (file !== null) return false;
      take(next);
      return true;
    },
  });
}
