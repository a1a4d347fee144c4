// What lies around the window: the page that it is in, which keeps what must outlive it; or nobody, where it is opened alone.

const page = window.parent === window ? null : new URLSearchParams(location.hash.slice(1)).get("origin");
const kept = new Map();
const listeners = new Map();
// What was said before somebody listened.
const early = [];
const PREFIX = "yunzhu.default.";

/** Listens: `settings`, `shown`, `ask`, `logout`, `kept`. */
export function listen(type, listener) {
  listeners.set(type, listener);
  for (const said of early.filter((one) => one.type === type)) listener(said.said);
}

/** What was kept under a key, or null. */
export const read = (key) => kept.get(key) ?? null;

/** What was kept as JSON, or null where it cannot be read. */
export function readJson(key) {
  try {
    return JSON.parse(read(key));
  } catch {
    return null;
  }
}

/** Keys that begin so. */
export const keys = (prefix) => [...kept.keys()].filter((key) => key.startsWith(prefix));

/** Keeps a text, or with null forgets it. */
export function keep(key, value) {
  if (value === null) kept.delete(key);
  else kept.set(key, value);
  if (page) return say("keep", { key, value });
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, value);
  } catch { /* Storage is off: it lasts as long as this window. */ }
}

export const keepJson = (key, value) => keep(key, JSON.stringify(value));

/** Tells the page's scripts of an event. */
export const event = (name, detail) => say("event", { name, detail });

/** Tells the loader. */
export function say(type, detail = {}) {
  if (page) window.parent.postMessage({ yunzhu: 1, type, ...detail }, page);
}

export const isFramed = Boolean(page);

/** What the page says at the beginning; of a window that is opened alone, what the browser kept. */
export function begin() {
  return page ? new Promise(introduced) : Promise.resolve(alone());
}

function introduced(begun) {
  addEventListener("message", (message) => {
    if (message.source !== window.parent || message.origin !== page || message.data?.yunzhu !== 1) return;
    const { type, ...said } = message.data;
    if (type === "init") {
      for (const [key, value] of Object.entries(said.kept)) if (typeof value === "string") kept.set(key, value);
      return begun(said);
    }
    hear(type, said);
  });
  say("hello");
}

function alone() {
  try {
    for (const [key, value] of Object.entries(localStorage)) if (key.startsWith(PREFIX)) kept.set(key.slice(PREFIX.length), value);
  } catch { /* Storage is off. */ }
  addEventListener("storage", ({ key, newValue }) => {
    if (key?.startsWith(PREFIX)) hear("kept", { key: key.slice(PREFIX.length), value: newValue });
  });
  return { site: "default", locale: read("locale") ?? navigator.language, theme: "auto", accent: "", user: {}, context: {}, open: true, page: "/widget" };
}

function hear(type, said) {
  if (type === "kept") {
    if (said.value === null) kept.delete(said.key);
    else kept.set(said.key, said.value);
  }
  if (type === "logout") kept.clear();
  if (listeners.has(type)) listeners.get(type)(said);
  else early.push({ type, said });
}
