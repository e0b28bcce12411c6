// The left side: the guild, its channels, direct messages, and who one is.

import { avatar, h, icon, morph } from "./dom.js";
import { openMenu } from "./menu.js";
import { addressOf } from "./place.js";

/** Patches the two lists of channels. `nav`: {channels, direct}. */
export function showChannels({ channels, direct }, state, openChannel, unread) {
  const rows = [];
  for (const channel of state.channels.filter((other) => other.kind === "text")) {
    rows.push(link(channel, state, openChannel, unread));
    const threads = state.channels.filter((other) => other.kind === "thread" && other.parent_id === channel.id);
    rows.push(...threads.map((thread) => link(thread, state, openChannel, unread)));
  }
  const known = new Set(state.channels.filter((other) => other.kind === "text").map((other) => other.id));
  const orphans = state.channels.filter((other) => other.kind === "thread" && !known.has(other.parent_id));
  rows.push(...orphans.map((thread) => link(thread, state, openChannel, unread)));
  patchList(channels, rows);
  const dms = state.channels.filter((other) => other.kind === "dm");
  patchList(direct, dms.map((channel) => link(channel, state, openChannel, unread)));
}

function patchList(list, rows) {
  morph(list, h(list.localName, attributesOf(list), rows));
}

function attributesOf(node) {
  return Object.fromEntries([...node.attributes].map(({ name, value }) => [name, value]));
}

function link(channel, state, open, unread) {
  const label = state.channelLabel(channel);
  const { count, mentions } = unread.of(state, channel.id);
  const isOpen = open?.id === channel.id;
  const news = !isOpen && count > 0;
  const ofBot = channel.kind === "dm" && state.bot;
  const picture = ofBot ? avatar(state.bot, "small") : icon(channel.kind === "thread" ? "thread" : "hash");
  return h(
    "li",
    { "data-part": channel.id },
    h(
      "a",
      {
        href: addressOf(state, channel),
        class: `channel ${channel.kind}${news ? " unread" : ""}`,
        "aria-current": isOpen ? "page" : null,
        "aria-label": `${channel.kind === "dm" ? "Direct message with " : ""}${label}${news ? `, ${count} new` : ""}`,
        "data-testid": channel.kind === "dm" ? `dm-${label}` : `channel-${channel.name}`,
        "data-channel-id": channel.id,
        "data-unread": String(news ? count : 0),
      },
      picture,
      h("span", { class: "channel-name" }, label),
      news && mentions > 0 && h("span", { class: "badge" }, mentions > 99 ? "99+" : String(mentions)),
    ),
  );
}

/** The menu that makes one somebody else. */
export function openPeople(button, state, onSwitch) {
  openMenu(button, {
    label: "Be somebody else",
    items: state.users
      .filter((user) => !user.bot)
      .map((user) => ({
        label: user.name,
        note: user.id === state.me.id ? "this is you" : "",
        testid: `person-${user.name}`,
        checked: user.id === state.me.id,
        before: avatar(user, "small"),
        onChoose: () => onSwitch(user),
      })),
  });
}

/** Fills the button that says who one is. */
export function showMe(button, me) {
  const words = h("span", { class: "me-words" }, h("small", {}, "You are:"), " ", h("b", {}, me.name));
  button.replaceChildren(avatar(me), words, icon("chevron"));
  button.setAttribute("aria-label", `You are: ${me.name}. Switch person`);
}
