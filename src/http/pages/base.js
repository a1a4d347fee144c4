// What the desk's scripts share: texts by language, requests, times.

export { $, el } from "/assets/elements.js";
export { markdown } from "/assets/markdown.js";
export { onEnter } from "/assets/typing.js";

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

/** Scrolls to the end, unless the person has scrolled up to read. */
export function addLine(log, node) {
  const near = log.scrollHeight - log.scrollTop - log.clientHeight < 120;
  log.append(node);
  if (near) log.scrollTop = log.scrollHeight;
}
