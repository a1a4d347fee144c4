// Markdown as elements: headings, lists, code, tables, quotes, emphasis, links to http(s). All else stays text.

import { el } from "/assets/elements.js";

const MARKER = /^(\s*)(?:([-*+])|(\d+)[.)、])\s+/;
const FENCE = /^(\s*)(```+|~~~+)/;

/** The elements of a text. */
export function markdown(source) {
  const out = [];
  const lines = String(source ?? "").replace(/\r/g, "").split("\n");
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    if (FENCE.test(line)) {
      const [node, next] = code(lines, at);
      out.push(node);
      at = next;
    } else if (!line.trim()) {
      at += 1;
    } else if (/^#{1,6}\s/.test(line)) {
      out.push(el("h4", {}, inline(line.replace(/^#+\s+/, ""))));
      at += 1;
    } else if (isTable(lines, at)) {
      const [node, next] = table(lines, at);
      out.push(node);
      at = next;
    } else if (MARKER.test(line)) {
      const [node, next] = list(lines, at);
      out.push(node);
      at = next;
    } else {
      const [node, next] = paragraph(lines, at);
      out.push(node);
      at = next;
    }
  }
  return out;
}

function code(lines, at) {
  const [, indent, fence] = lines[at].match(FENCE);
  const kept = [];
  for (at += 1; at < lines.length && !lines[at].trim().startsWith(fence); at += 1) {
    const own = lines[at].match(/^\s*/)[0].length;
    kept.push(lines[at].slice(Math.min(own, indent.length)));
  }
  return [el("pre", { tabindex: "0" }, el("code", {}, kept.join("\n"))), at + 1];
}

function isTable(lines, at) {
  const rule = lines[at + 1] ?? "";
  return lines[at].includes("|") && /^[\s|:-]+$/.test(rule) && rule.includes("-");
}

function table(lines, at) {
  const cells = (row) => row.trim().replace(/^\||\|$/g, "").split("|").map((cell) => inline(cell.trim()));
  const head = el("tr", {}, cells(lines[at]).map((cell) => el("th", { scope: "col" }, cell)));
  const body = el("tbody");
  for (at += 2; at < lines.length && lines[at].includes("|"); at += 1) body.append(el("tr", {}, cells(lines[at]).map((cell) => el("td", {}, cell))));
  return [el("div", { class: "table", tabindex: "0" }, el("table", {}, el("thead", {}, head), body)), at];
}

/** A list with what is indented under its items: text, code, and lists one level deeper. */
function list(lines, at) {
  const first = lines[at].match(MARKER);
  const depth = first[1].length;
  const isNumbered = Boolean(first[3]);
  const node = el(isNumbered ? "ol" : "ul", isNumbered && first[3] !== "1" ? { start: first[3] } : {});
  while (at < lines.length) {
    const line = lines[at];
    const found = line.match(MARKER);
    const indent = line.match(/^\s*/)[0].length;
    if (found && indent <= depth + 1) {
      if (indent < depth || Boolean(found[3]) !== isNumbered) break;
      node.append(el("li", {}, inline(line.slice(found[0].length))));
      at += 1;
    } else if (!line.trim()) {
      const next = lines.slice(at).findIndex((later) => later.trim());
      if (next < 0 || !(/^\s{2,}/.test(lines[at + next]) || sameList(lines[at + next], depth, isNumbered))) break;
      at += next;
    } else if (indent > depth && FENCE.test(line)) {
      const [inner, after] = code(lines, at);
      node.lastChild.append(inner);
      at = after;
    } else if (indent > depth && isTable(lines, at)) {
      const [inner, after] = table(lines, at);
      node.lastChild.append(inner);
      at = after;
    } else if (found) {
      const [inner, after] = list(lines, at);
      node.lastChild.append(inner);
      at = after;
    } else if (indent > depth) {
      const item = node.lastChild;
      if (!/^(PRE|DIV)$/.test(item.lastChild?.tagName)) item.append(el("br"));
      item.append(...inline(line.trim()));
      at += 1;
    } else {
      break;
    }
  }
  return [node, at];
}

function sameList(line, depth, isNumbered) {
  const found = line.match(MARKER);
  return Boolean(found) && found[1].length === depth && Boolean(found[3]) === isNumbered;
}

function paragraph(lines, at) {
  const isQuote = /^>/.test(lines[at]);
  const part = [];
  const ends = (line) => !line.trim() || /^#{1,6}\s/.test(line) || FENCE.test(line) || /^>/.test(line) !== isQuote;
  for (; at < lines.length && !ends(lines[at]) && !(part.length && MARKER.test(lines[at])); at += 1) {
    if (part.length) part.push(el("br"));
    part.push(...inline(lines[at].replace(/^>\s?/, "")));
  }
  return [el(isQuote ? "blockquote" : "p", {}, part), at];
}

function inline(text) {
  const out = [];
  const pattern = /(`+)([^`]+)\1|\*\*([^*]+)\*\*|!?\[([^\]]*)\]\(([^)\s]+)[^)]*\)|(https?:\/\/[^\s<>"'，。；、）)]+)/g;
  let last = 0;
  for (const found of text.matchAll(pattern)) {
    out.push(text.slice(last, found.index));
    last = found.index + found[0].length;
    const [whole, , words, strong, label, target, bare] = found;
    if (words) out.push(el("code", {}, words));
    else if (strong) out.push(el("strong", {}, inline(strong)));
    else out.push(link(label || bare || target, bare || target) ?? (label || whole));
  }
  out.push(text.slice(last));
  return out.filter((part) => part !== "");
}

function link(label, target) {
  return /^https?:\/\//i.test(target) ? el("a", { href: target, target: "_blank", rel: "noopener noreferrer nofollow" }, label) : null;
}
