// The page's pure parts: what it holds, what counts as unread, names and command lines.
import assert from "node:assert/strict";
import test from "node:test";

import { commandQuery, missing, readLine, readValues } from "../../sandbox/web/command_line.js";
import { decodeMentions, encodeMentions, mentionQuery } from "../../sandbox/web/mentions.js";
import { State, TYPING_MS } from "../../sandbox/web/state.js";
import { Unread, addresses } from "../../sandbox/web/unread.js";

const ALICE = { id: "1", name: "alice", bot: false };
const BOB = { id: "2", name: "bob", bot: false };
const REKA = { id: "9", name: "Reka", bot: true };
const EVERYBODY = [REKA, ALICE, BOB];

const ASK = {
  name: "ask",
  description: "",
  type: 1,
  options: [
    { name: "image", type: 11, required: false },
    { name: "question", type: 3, required: true },
    { name: "private", type: 5, required: false },
    { name: "count", type: 4, required: false },
  ],
};

function said(id, author, more = {}) {
  return { id: String(id), channel_id: "10", author, content: "hi", attachments: [], reply_to: null, ...more };
}

function state(messages = []) {
  const made = new State();
  made.apply(
    {
      t: "state",
      me: ALICE,
      users: [ALICE, BOB],
      bot: REKA,
      bot_online: true,
      guild: { id: "5", name: "House" },
      channels: [
        { id: "10", name: "general", kind: "text", parent_id: null },
        { id: "11", name: "Reka", kind: "dm", parent_id: null },
      ],
      messages: { 10: messages },
      commands: [ASK],
      reka: { label: "x", stand_in: true },
      counters: { rate_limited: 0, requests: 0 },
    },
    0,
  );
  return made;
}

test("a name after @ becomes a mention, in any case, without the menu", () => {
  assert.equal(encodeMentions("@Reka hello", EVERYBODY), "<@9> hello");
  assert.equal(encodeMentions("hi @REKA, and @bob!", EVERYBODY), "hi <@9>, and <@2>!");
  assert.equal(encodeMentions("@Reka's", EVERYBODY), "<@9>'s");
});

test("what only looks like a mention stays text", () => {
  for (const text of ["mail@Reka.ai", "@Rekall", "`@Reka`", "```\n@Reka\n```", "@nobody", "<@9>"]) {
    assert.equal(encodeMentions(text, EVERYBODY), text);
  }
});

test("the longest name wins", () => {
  const users = [...EVERYBODY, { id: "7", name: "Reka Two", bot: false }];
  assert.equal(encodeMentions("@reka two @reka three", users), "<@7> <@9> three");
});

test("editing shows names again and leaves strangers' ids", () => {
  assert.equal(decodeMentions("<@9> <@!2> <@77>", EVERYBODY), "@Reka @bob <@77>");
});

test("the half-typed name before the caret is found", () => {
  assert.deepEqual(mentionQuery("hi @Re", 6), { from: 3, query: "re" });
  assert.deepEqual(mentionQuery("@", 1), { from: 0, query: "" });
  assert.equal(mentionQuery("a@b", 3), null);
  assert.equal(mentionQuery("@Reka hello", 11), null);
});

test("a command line fills the required option with all of its text", () => {
  const line = readLine("/ask what is  this?", [ASK]);
  assert.equal(line.command, ASK);
  assert.deepEqual(readValues(ASK, line.rest), { question: "what is  this?" });
  assert.deepEqual(missing(ASK, {}, {}), ["question"]);
  assert.deepEqual(missing(ASK, { question: "x" }, {}), []);
});

test("a command line may name its options", () => {
  assert.deepEqual(readValues(ASK, "question:what now private:true count:3"), { question: "what now", private: true, count: 3 });
  assert.deepEqual(readValues(ASK, "count:many question:x"), { question: "x" });
  assert.deepEqual(readValues(ASK, "is private: a good name?"), { question: "is private: a good name?" });
});

test("a path is no command", () => {
  assert.equal(readLine("/usr/bin/env", [ASK]), null);
  assert.equal(readLine("say /ask", [ASK]), null);
  assert.equal(commandQuery("/as"), "as");
  assert.equal(commandQuery("/ask me"), null);
});

test("a message that grows is replaced where it stands", () => {
  const world = state([said(100, BOB)]);
  assert.equal(world.apply({ t: "message", message: said(101, REKA) }, 0).isNew, true);
  assert.equal(world.apply({ t: "message", message: said(101, REKA, { content: "hi there" }) }, 0).isNew, false);
  assert.deepEqual(world.messagesIn("10").map((message) => message.content), ["hi", "hi there"]);
  world.apply({ t: "gone", channel_id: "10", message_id: "101" }, 0);
  assert.equal(world.message("10", "101"), null);
});

test("a picture keeps its first address, so that a growing message does not load it again", () => {
  const world = state([said(100, BOB, { attachments: [{ id: "5", url: "/a?hm=1" }] })]);
  const change = world.apply({ t: "message", message: said(100, BOB, { attachments: [{ id: "5", url: "/a?hm=2" }] }) }, 0);
  assert.equal(change.message.attachments[0].url, "/a?hm=1");
});

test("typing ends with a message, with time, and is never one's own", () => {
  const world = state();
  const type = (user) => world.apply({ t: "typing", channel_id: "10", user_id: user.id }, 0);
  type(REKA);
  type(ALICE);
  assert.deepEqual(world.typingIn("10", 1), [REKA]);
  assert.deepEqual(world.typingIn("10", TYPING_MS + 1), []);
  world.apply({ t: "message", message: said(101, REKA) }, 2);
  assert.deepEqual(world.typingIn("10", 3), []);
});

test("an unknown event changes nothing", () => {
  assert.deepEqual(state().apply({ t: "later-invention" }, 0), { kind: "unknown" });
});

test("what stood there at first is read, what comes later is not", () => {
  const world = state([said(100, BOB)]);
  const unread = new Unread();
  unread.meet(world);
  assert.deepEqual(unread.of(world, "10"), { count: 0, mentions: 0 });
  world.apply({ t: "message", message: said(101, BOB, { content: "<@1> look" }) }, 0);
  world.apply({ t: "message", message: said(102, BOB) }, 0);
  world.apply({ t: "message", message: said(103, ALICE) }, 0);
  assert.deepEqual(unread.of(world, "10"), { count: 2, mentions: 1 });
  unread.read(world, "10");
  assert.deepEqual(unread.of(world, "10"), { count: 0, mentions: 0 });
});

test("what came while the socket was away is unread after it", () => {
  const unread = new Unread();
  unread.meet(state([said(100, BOB)]));
  const later = state([said(100, BOB), said(101, BOB)]);
  unread.meet(later);
  assert.equal(unread.of(later, "10").count, 1);
});

test("a bot calls nobody, a person does by mention or by answering", () => {
  assert.equal(addresses(said(1, REKA, { content: "<@1>" }), "1"), false);
  assert.equal(addresses(said(1, BOB, { content: "<@1>" }), "1"), true);
  assert.equal(addresses(said(1, BOB, { reply_to: { author: ALICE } }), "1"), true);
  assert.equal(addresses(said(1, BOB), "1"), false);
});
