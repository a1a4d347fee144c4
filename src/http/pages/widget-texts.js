// Texts in the person's language, and where they stand on the page.

export const LOCALES = ["zh-CN", "zh-TW", "en", "ja", "ko"];
const loaded = new Map();
let texts = {};
export let locale = "zh-CN";

/** Takes the texts of a language, and puts them where the page asks for them. */
export async function setLocale(wanted) {
  const next = supported(wanted);
  if (!loaded.has(next)) {
    const response = await fetch(`/assets/widget-texts.${next}.json`);
    if (!response.ok) throw new Error(`texts: HTTP ${response.status}`);
    loaded.set(next, await response.json());
  }
  locale = next;
  texts = loaded.get(next);
  document.documentElement.lang = next;
  document.title = t("title");
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of document.querySelectorAll("[data-hint]")) node.placeholder = t(node.dataset.hint);
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", t(node.dataset.label));
    if (node.matches("button")) node.title = t(node.dataset.label);
  }
}

/** The language that comes closest. */
export function supported(tag) {
  if (LOCALES.includes(tag)) return tag;
  if (/^zh\b(?=.*\b(hant|tw|hk|mo)\b)/i.test(tag)) return "zh-TW";
  const found = /^(zh|en|ja|ko)\b/i.exec(tag ?? "")?.[1].toLowerCase();
  return found === "zh" ? "zh-CN" : (found ?? "en");
}

/** A text with `{name}` filled in. An unknown key shows itself, so that it is noticed. */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export const has = (key) => key in texts;

/** The hour of a moment, with the day where it is not today. */
export function time(ms) {
  const at = new Date(ms);
  const hour = at.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", hour12: false });
  return at.toDateString() === new Date().toDateString() ? hour : `${at.toLocaleDateString(locale, { month: "2-digit", day: "2-digit" })} ${hour}`;
}
