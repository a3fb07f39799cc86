/** Turns Discord's Markdown into DOM nodes; a message's text never becomes markup. */

import { h } from "/js/dom.js";
import { ago, fullTime } from "/js/time.js";

const BLOCK_CODE = /^```(?:([\w+-]+)\n)?\n?([\s\S]*?)\n?```/;
const HEADING = /^(#{1,3}) +(.+)/;
const SUBTEXT = /^-# +(.+)/;
const BULLET = /^(\s*)[-*] +(.+)/;

/** The rules of inline text, tried in this order at each position. */
const INLINE = [
  [/^\\([^\p{L}\p{N}\s])/u, (match) => document.createTextNode(match[1])],
  [/^(`+)([^]*?[^`])\1(?!`)/, (match) => h("code", { class: "md-code" }, match[2].trim() || match[2])],
  [/^\*\*\*([^]+?)\*\*\*(?!\*)/, (match, names) => h("strong", {}, h("em", {}, inline(match[1], names)))],
  [/^\*\*([^]+?)\*\*(?!\*)/, (match, names) => h("strong", {}, inline(match[1], names))],
  [/^__([^]+?)__(?!_)/, (match, names) => h("u", {}, inline(match[1], names))],
  [/^\*(?!\s)([^*]*[^*\s])\*(?!\*)/, (match, names) => h("em", {}, inline(match[1], names))],
  [/^_([^_]+)_(?![_\p{L}\p{N}])/u, (match, names) => h("em", {}, inline(match[1], names))],
  [/^~~([^]+?)~~/, (match, names) => h("s", {}, inline(match[1], names))],
  [/^\|\|([^]+?)\|\|/, (match, names) => spoiler(inline(match[1], names))],
  [/^<@!?(\d+)>/, (match, names) => mention(`@${names.user(match[1])}`)],
  [/^<@&(\d+)>/, (match, names) => mention(`@${names.role(match[1])}`)],
  [/^<#(\d+)>/, (match, names) => mention(`#${names.channel(match[1])}`)],
  [/^<\/([-_\p{L}\p{N} ]{1,100}):(\d+)>/u, (match) => commandMention(match[1])],
  [/^<t:(-?\d{1,12})(?::([tTdDfFR]))?>/, (match) => timestamp(Number(match[1]), match[2])],
  [/^@(everyone|here)\b/, (match) => mention(match[0])],
];

const PLAIN = /^(?:[\p{L}\p{N} ,.;:!?'"()/-]+|[^])/u;

/** The nodes of a text. `names`: user(id), role(id) and channel(id) give the names that mentions show. */
export function markdown(text, names) {
  const nodes = [];
  let rest = text;
  while (rest) {
    const code = BLOCK_CODE.exec(rest);
    if (code) {
      nodes.push(h("pre", { class: "md-block", tabindex: "0" }, h("code", {}, code[2])));
      rest = rest.slice(code[0].length).replace(/^\n/, "");
      continue;
    }
    if (rest.startsWith(">>> ")) {
      nodes.push(h("blockquote", {}, markdown(rest.slice(4), names)));
      break;
    }
    const end = lineEnd(rest);
    nodes.push(...line(rest.slice(0, end), names, nodes));
    rest = rest.slice(end);
  }
  return nodes;
}

/** The index at which the first line ends; a code fence within the line starts a block of its own. */
function lineEnd(text) {
  const newline = text.indexOf("\n");
  const end = newline < 0 ? text.length : newline + 1;
  const fence = text.indexOf("```", 1);
  return fence > 0 && fence < end && BLOCK_CODE.test(text.slice(fence)) ? fence : end;
}

function line(raw, names, before) {
  const text = raw.replace(/\n$/, "");
  if (text.startsWith("> ")) {
    const last = before.at(-1);
    const quote = inline(text.slice(2), names);
    if (last?.nodeName === "BLOCKQUOTE") {
      last.append(h("br"), ...quote);
      return [];
    }
    return [h("blockquote", {}, quote)];
  }
  const heading = HEADING.exec(text);
  // A heading of a message must not be a heading of the page.
  if (heading) return [h("p", { class: `md-h${heading[1].length}` }, inline(heading[2], names))];
  const subtext = SUBTEXT.exec(text);
  if (subtext) return [h("p", { class: "md-subtext" }, inline(subtext[1], names))];
  const bullet = BULLET.exec(text);
  if (bullet) return [h("p", { class: bullet[1] ? "md-item md-item-deep" : "md-item" }, inline(bullet[2], names))];
  return [...inline(text, names), ...(raw.endsWith("\n") ? [h("br")] : [])];
}

function inline(text, names) {
  const nodes = [];
  let rest = text;
  let plain = "";
  const flush = () => {
    if (plain) nodes.push(document.createTextNode(plain));
    plain = "";
  };
  while (rest) {
    let length = 0;
    for (const [pattern, make] of INLINE) {
      const match = pattern.exec(rest);
      if (!match) continue;
      flush();
      nodes.push(make(match, names));
      length = match[0].length;
      break;
    }
    if (!length) {
      const run = PLAIN.exec(rest)[0];
      plain += run;
      length = run.length;
    }
    rest = rest.slice(length);
  }
  flush();
  return nodes;
}

const mention = (text) => h("span", { class: "md-mention" }, text);

/** The mention of a command; the page begins the command when it is clicked. */
function commandMention(path) {
  return h("button", { type: "button", class: "md-mention md-command", data: { command: path } }, `/${path}`);
}

function timestamp(seconds, style) {
  const date = new Date(seconds * 1000);
  return h("time", { class: "md-code", datetime: date.toISOString(), title: fullTime(date) }, style === "R" ? ago(date) : fullTime(date));
}

function spoiler(children) {
  const inside = h("span", { class: "md-spoiler-text", "aria-hidden": "true" }, children);
  const button = h("span", { class: "md-spoiler", role: "button", tabindex: "0", "aria-label": "Spoiler, press to reveal" }, inside);
  const reveal = (event) => {
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    button.classList.add("revealed");
    for (const name of ["role", "tabindex", "aria-label"]) button.removeAttribute(name);
    inside.removeAttribute("aria-hidden");
  };
  button.addEventListener("click", reveal);
  button.addEventListener("keydown", reveal);
  return button;
}
