// What Discord renders is rendered; what it shows raw stays raw (facts of Discord, section 5).
import assert from "node:assert/strict";
import test from "node:test";

import { parse, plainText } from "../../sandbox/web/markdown.js";
import { formatTime } from "../../sandbox/web/timestamps.js";

/** A tree as one short line: p(...) for paragraphs, b/i/u/s/||/`/link for inlines. */
function brief(nodes) {
  const names = { paragraph: "p", strong: "b", em: "i", underline: "u", strike: "s", spoiler: "hide", subtext: "small" };
  return nodes
    .map((node) => {
      switch (node.type) {
        case "text":
          return node.text.replaceAll("\n", "⏎");
        case "inline_code":
          return `\`${node.text}\``;
        case "code":
          return `code[${node.language}](${node.text.replaceAll("\n", "⏎")})`;
        case "heading":
          return `h${node.level}(${brief(node.children)})`;
        case "quote":
          return `quote(${brief(node.blocks)})`;
        case "list":
          return `${node.ordered ? `ol${node.start}` : "ul"}(${node.items.map(brief).join("; ")})`;
        case "link":
          return `link<${node.url}>(${brief(node.children)})`;
        case "mention":
          return `@${node.kind}:${node.id || node.name}`;
        case "emoji":
          return `:${node.name}:`;
        case "time":
          return `t(${node.unix_s},${node.style})`;
        default:
          return `${names[node.type]}(${brief(node.children)})`;
      }
    })
    .join("");
}

const renders = (title, cases) =>
  test(title, () => {
    for (const [text, expected] of cases) assert.equal(brief(parse(text)), expected, JSON.stringify(text));
  });

renders("marks of emphasis nest", [
  ["**b** *i* _i_ __u__ ~~s~~", "p(b(b) i(i) i(i) u(u) s(s))"],
  ["***both***", "p(b(i(both)))"],
  ["**bold *inside* it**", "p(b(bold i(inside) it))"],
  ["__**u and b**__", "p(u(b(u and b)))"],
  ["*a **b** c*", "p(i(a b(b) c))"],
  ["||secret **x**||", "p(hide(secret b(x)))"],
]);

renders("marks that do not close stay raw, as in a message that is still growing", [
  ["**half", "p(**half)"],
  ["a * b * c", "p(a * b * c)"],
  ["2 * 3 and 4*5", "p(2 * 3 and 4*5)"],
  ["snake_case_name", "p(snake_case_name)"],
  ["`half", "p(`half)"],
  ["```py\nprint(1)", "p(```py⏎print(1))"],
  ["[half](https://a.b", "p([half](link<https://a.b/>(https://a.b))"],
  ["||half", "p(||half)"],
  ["****", "p(****)"],
]);

renders("escapes show the mark itself", [
  ["\\*not\\* \\_it\\_", "p(*not* _it_)"],
  ["C:\\new", "p(C:\\new)"],
  ["¯\\_(ツ)_/¯", "p(¯\\_(ツ)_/¯)"],
]);

renders("code keeps what is in it", [
  ["`**raw**`", "p(`**raw**`)"],
  ["``a ` b``", "p(`a ` b`)"],
  ["```py\nprint('**')\n```", "code[py](print('**'))"],
  ["```\n<@1> | a |\n```", "code[](<@1> | a |)"],
  ["```word```", "code[](word)"],
  ["```py```", "code[](py)"],
  ["say ```js\nx\n``` there", "p(say )code[js](x)p( there)"],
  ["a\n```c++\nint x;\n\nint y;\n```\nb", "p(a)code[c++](int x;⏎⏎int y;)p(b)"],
  ["```\n# no heading\n> no quote\n- no list\n```", "code[](# no heading⏎> no quote⏎- no list)"],
  ["use `a` and\n`b`", "p(use `a` and⏎`b`)"],
  ["``````", "p(``````)"],
]);

renders("headings have three levels and the fourth stays raw", [
  ["# One\n## Two\n### Three", "h1(One)h2(Two)h3(Three)"],
  ["#### Four", "p(#### Four)"],
  ["#NoSpace", "p(#NoSpace)"],
  ["# **Bold** head\ntext", "h1(b(Bold) head)p(text)"],
  ["a # b", "p(a # b)"],
  ["-# small print", "small(small print)"],
  ["text\n# Head", "p(text)h1(Head)"],
]);

renders("quotes", [
  ["> one\n> two\nafter", "quote(p(one⏎two))p(after)"],
  [">>> all\nthe rest\n# h", "quote(p(all⏎the rest)h1(h))"],
  [">no space", "p(>no space)"],
  ["> - a\n> - b", "quote(ul(p(a); p(b)))"],
  ["> ```py\n> x = 1\n> ```", "quote(code[py](x = 1))"],
  ["> > deep", "quote(p(> deep))"],
]);

renders("lists nest by their indentation and keep their first number", [
  ["- a\n- b", "ul(p(a); p(b))"],
  ["* a\n  * b\n    * c\n* d", "ul(p(a)ul(p(b)ul(p(c))); p(d))"],
  ["3. x\n4. y", "ol3(p(x); p(y))"],
  ["1. a\n   - b\n2. c", "ol1(p(a)ul(p(b)); p(c))"],
  ["- a\n 1. b", "ul(p(a)ol1(p(b)))"],
  ["- a\nafter", "ul(p(a))p(after)"],
  ["-no", "p(-no)"],
  ["1. a\n   ```py\n   x\n   ```\n2. b", "ol1(p(a)code[py](x); p(b))"],
  ["- [ ] task", "ul(p([ ] task))"],
  ["- a\n\n  more\n- b", "ul(p(a⏎⏎more); p(b))"],
  ["1. a\n- b", "ol1(p(a))ul(p(b))"],
]);

renders("links", [
  ["see https://reka.ai/a_b_c, ok", "p(see link<https://reka.ai/a_b_c>(https://reka.ai/a_b_c), ok)"],
  ["(https://a.b/c)", "p((link<https://a.b/c>(https://a.b/c)))"],
  ["https://a.b/c_(d)", "p(link<https://a.b/c_(d)>(https://a.b/c_(d)))"],
  ["<https://a.b/>", "p(link<https://a.b/>(https://a.b/))"],
  ["[**t**](https://a.b/x)", "p(link<https://a.b/x>(b(t)))"],
  ["[t](<https://a.b/x>)", "p(link<https://a.b/x>(t))"],
  ["[w](https://en.org/A_(b))", "p(link<https://en.org/A_(b)>(w))"],
  ["**https://a.b/x**", "p(b(link<https://a.b/x>(https://a.b/x)))"],
  ["[t](javascript:alert(1))", "p([t](javascript:alert(1)))"],
  ["[t](data:text/html,x)", "p([t](data:text/html,x))"],
  ["[https://good.example](https://evil.example/)", "p([link<https://good.example/>(https://good.example)](link<https://evil.example/>(https://evil.example/)))"],
  ["![alt](https://a.b/c.png)", "p(!link<https://a.b/c.png>(alt))"],
  ["https://", "p(https://)"],
]);

renders("mentions, times and emoji", [
  ["<@12> <@!12> <@&34> <#56>", "p(@user:12 @user:12 @role:34 @channel:56)"],
  ["@everyone and @here", "p(@all:everyone and @all:here)"],
  ["</ask:77>", "p(@command:77)"],
  ["<t:1700000000:R> <t:1700000000>", "p(t(1700000000,R) t(1700000000,f))"],
  ["<t:9999999999999:R>", "p(<t:9999999999999:R>)"],
  ["<:wave:123> <a:go:5>", "p(:wave: :go:)"],
  ["`<@12>`", "p(`<@12>`)"],
]);

renders("what Discord does not know stays as it was written", [
  ["| a | b |\n|---|---|\n| 1 | 2 |", "p(| a | b |⏎|---|---|⏎| 1 | 2 |)"],
  ["a\n\n---\n\nb", "p(a⏎⏎---⏎⏎b)"],
  ["<b>hi</b><script>x</script>", "p(<b>hi</b><script>x</script>)"],
  ["$x^2$ \\frac", "p($x^2$ \\frac)"],
  ["~~~\nx\n~~~", "p(~~~⏎x⏎~~~)"],
  ["text[^1]", "p(text[^1])"],
]);

renders("empty lines between blocks are kept, line breaks at blocks are not doubled", [
  ["a\n\n# H\n\nb", "p(a⏎)h1(H)p(⏎b)"],
  ["a\r\nb", "p(a⏎b)"],
  ["", ""],
]);

test("text is never lost: each character of a growing message has a place", () => {
  const text = "# Hi\n**a *b* c** `d`\n- e\n  - f\n> g\n```py\nh = 1\n```\n||i|| [j](https://k.l/) https://m.n <@1>";
  for (let end = 0; end <= text.length; end += 1) {
    const words = plainText(parse(text.slice(0, end)), () => "@x").replaceAll("▒▒▒", "i");
    for (const letter of "abcdefghi") {
      if (text.slice(0, end).includes(letter)) assert.ok(words.includes(letter), `${letter} in ${text.slice(0, end)}`);
    }
  }
});

test("hostile nesting ends, and quickly", () => {
  const began = performance.now();
  for (const text of ["> ".repeat(1000), "**a".repeat(700), "[".repeat(2000), "*_".repeat(1000), "- ".repeat(1000),
    "`".repeat(1999) + "a", "||".repeat(1000), "<".repeat(2000), "\\".repeat(1999), "~~a~~".repeat(400),
    "__**".repeat(500), ` -${" -".repeat(900)} x`, `${" ".repeat(1990)}x`, "https://".repeat(250)]) {
    parse(text);
  }
  assert.ok(performance.now() - began < 2000);
});

test("a preview is plain words with hidden spoilers", () => {
  const words = plainText(parse("**Hi** <@1>, ||boo|| `x`"), () => "@alice");
  assert.equal(words, "Hi @alice, ▒▒▒ x");
});

test("relative times count from now", () => {
  assert.equal(formatTime({ unix_s: 1000, style: "R" }, 1_120_000, "en"), "2 minutes ago");
  assert.equal(formatTime({ unix_s: 90_000, style: "R" }, 0, "en"), "tomorrow");
  assert.match(formatTime({ unix_s: 0, style: "D" }, 0, "en"), /19(69|70)/);
});
