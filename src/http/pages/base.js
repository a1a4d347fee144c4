// What both pages share: texts by language, requests, elements without HTML strings, and Markdown as elements.

let texts = {};
export let language = "zh-CN";

/** Loads the texts of the person's language and puts them where the page asks for them. */
export async function loadTexts() {
  const wanted = localStorage.getItem("yunzhu.language") || navigator.language || "zh-CN";
  language = /^zh/i.test(wanted) ? "zh-CN" : "en";
  texts = await (await fetch(`/assets/texts.${language}.json`)).json();
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
  for (const node of document.querySelectorAll("[data-hint]")) node.placeholder = t(node.dataset.hint);
}

/** Goes to the other language. */
export function switchLanguage() {
  localStorage.setItem("yunzhu.language", language === "en" ? "zh-CN" : "en");
  location.reload();
}

/** A text with `{name}` filled in. An unknown key shows itself, so that it is noticed. */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Whether there is such a text. */
export const has = (key) => key in texts;

/** A text if there is one, else the plain word. */
export const word = (prefix, name) => (has(`${prefix}.${name}`) ? t(`${prefix}.${name}`) : String(name ?? ""));

/** What the server refused, or that it was not reached (status 0). */
export class Refusal extends Error {
  constructor(status, problem, wait) {
    super(problem?.detail || `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
    this.wait = wait;
  }

  /** In the person's words. */
  get words() {
    const name = (this.problem?.type || "").split(":").pop();
    if (this.status === 0) return t("problem.unreachable");
    return has(`problem.${name}`) ? t(`problem.${name}`, { seconds: this.wait ?? "" }) : t("problem.other", { status: this.status });
  }
}

/** One request; gives JSON, or null where there is none. */
export async function api(method, path, { body, token, form } = {}) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    const sent = form ?? (body === undefined ? undefined : JSON.stringify(body));
    response = await fetch(`/api/v1${path}`, { method, headers, body: sent, credentials: "same-origin" });
  } catch {
    throw new Refusal(0);
  }
  const json = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(response.status, json, Number(response.headers.get("Retry-After")) || undefined);
  return json;
}

/** An element. Words become text and never markup. */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "class") node.className = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const $ = (id) => document.getElementById(id);

/** The hour of a moment, with the day where it is not today. */
export function time(ms) {
  const at = new Date(ms);
  const hour = at.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
  return at.toDateString() === new Date().toDateString() ? hour : `${at.toLocaleDateString(language, { month: "2-digit", day: "2-digit" })} ${hour}`;
}

/** A span of seconds as 1:02:03. */
export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(s / 3600);
  return `${hours ? `${hours}:` : ""}${hours ? two(Math.floor((s % 3600) / 60)) : Math.floor((s % 3600) / 60)}:${two(s % 60)}`;
}

/** An id that nobody else makes up. */
export function freshId() {
  return crypto.randomUUID ? crypto.randomUUID() : Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** Enter sends, Shift+Enter breaks the line, and Enter that picks a word of an input method does neither. */
export function onEnter(area, send) {
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send();
  });
}

/** Scrolls to the end, unless the person has scrolled up to read. */
export function addLine(log, node) {
  const near = log.scrollHeight - log.scrollTop - log.clientHeight < 120;
  log.append(node);
  if (near) log.scrollTop = log.scrollHeight;
}

/** Markdown as elements: headings, lists, code, tables, emphasis, links to http(s). All else stays text. */
export function markdown(source) {
  const out = [];
  const lines = String(source ?? "").replace(/\r/g, "").split("\n");
  let at = 0;
  const marker = /^\s*(?:([-*+])|(\d+)[.)、])\s+/;
  while (at < lines.length) {
    const line = lines[at];
    const fence = line.match(/^\s*(```+|~~~+)/);
    if (fence) {
      const code = [];
      for (at += 1; at < lines.length && !lines[at].trim().startsWith(fence[1]); at += 1) code.push(lines[at]);
      at += 1;
      out.push(el("pre", { tabindex: "0" }, el("code", {}, code.join("\n"))));
    } else if (!line.trim()) {
      at += 1;
    } else if (/^#{1,6}\s/.test(line)) {
      out.push(el("h4", {}, inline(line.replace(/^#+\s+/, ""))));
      at += 1;
    } else if (line.includes("|") && /^[\s|:-]+$/.test(lines[at + 1] ?? "") && lines[at + 1].includes("-")) {
      const cells = (row) => row.trim().replace(/^\||\|$/g, "").split("|");
      const table = el("table", {}, el("tr", {}, cells(line).map((cell) => el("th", {}, inline(cell.trim())))));
      for (at += 2; at < lines.length && lines[at].includes("|"); at += 1) table.append(el("tr", {}, cells(lines[at]).map((cell) => el("td", {}, inline(cell.trim())))));
      out.push(table);
    } else if (marker.test(line)) {
      const first = line.match(marker);
      const list = el(first[2] ? "ol" : "ul", first[2] ? { start: first[2] } : {});
      for (; at < lines.length; at += 1) {
        const found = lines[at].match(marker);
        if (found && Boolean(found[2]) === Boolean(first[2])) list.append(el("li", {}, inline(lines[at].slice(found[0].length))));
        else if (lines[at].trim() && /^\s{2,}/.test(lines[at]) && !/^\s*(```|~~~)/.test(lines[at]) && list.lastChild) list.lastChild.append(el("br"), ...inline(lines[at].trim()));
        else break;
      }
      out.push(list);
    } else {
      const part = [];
      for (; at < lines.length && lines[at].trim() && !/^(#{1,6}\s|\s*(```|~~~))/.test(lines[at]) && !(part.length && marker.test(lines[at])); at += 1) {
        if (part.length) part.push(el("br"));
        part.push(...inline(lines[at].replace(/^>\s?/, "")));
      }
      out.push(el("p", {}, part));
    }
  }
  return out;
}

function inline(text) {
  const out = [];
  const pattern = /(`+)([^`]+)\1|\*\*([^*]+)\*\*|!?\[([^\]]*)\]\(([^)\s]+)[^)]*\)|(https?:\/\/[^\s<>"'，。；、）)]+)/g;
  let last = 0;
  for (const found of text.matchAll(pattern)) {
    out.push(text.slice(last, found.index));
    last = found.index + found[0].length;
    const [whole, , code, strong, label, target, bare] = found;
    if (code) out.push(el("code", {}, code));
    else if (strong) out.push(el("strong", {}, strong));
    else out.push(link(label || bare || target, bare || target) ?? (label ?? whole));
  }
  out.push(text.slice(last));
  return out.filter((part) => part !== "");
}

function link(label, target) {
  return /^https?:\/\//i.test(target) ? el("a", { href: target, target: "_blank", rel: "noopener noreferrer nofollow" }, label) : null;
}
