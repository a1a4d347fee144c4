// Puts the help window on a page: a button, and a frame in which everything else happens. It needs nothing of the page but
// leave to load this script and that frame: its styles are made by script in a shadow root.

(() => {
  "use strict";

  const stub = window.yunzhu;
  if (stub && stub.isLoaded) return;
  const script = document.currentScript || document.querySelector('script[src*="/widget.js"]');
  const SERVER = new URL(script.src).origin;
  const WINDOW = new URL("widget", script.src).href;
  const SITE = /^[\w.-]{1,64}$/.test(script.dataset.site || "") ? script.dataset.site : "default";
  const PREFIX = `yunzhu.${SITE}.`;
  const PHONE = matchMedia("(max-width: 480px)");
  // A frame that has said nothing by then was not loaded.
  const PATIENCE_MS = 15000;
  // One kept value; the longest is the transcript of the last lines.
  const VALUE_MAX = 300000;
  const LABELS = {
    "zh-CN": ["打开在线客服", "收起在线客服", "在线客服", "{n} 条未读"],
    "zh-TW": ["開啟線上客服", "收合線上客服", "線上客服", "{n} 則未讀"],
    en: ["Open support chat", "Close support chat", "Support chat", "{n} unread"],
    ja: ["サポートチャットを開く", "サポートチャットを閉じる", "サポートチャット", "未読 {n} 件"],
    ko: ["상담 창 열기", "상담 창 닫기", "온라인 상담", "읽지 않음 {n}건"],
  };
  const STYLES = `
    :host { all: initial; }
    * { box-sizing: border-box; }
    .launcher { position: fixed; bottom: max(20px, env(safe-area-inset-bottom)); inline-size: 56px; block-size: 56px; border: 0; border-radius: 50%;
      padding: 0; background: var(--brand, #1458d6); color: var(--on-brand, #fff); cursor: pointer; display: grid; place-items: center;
      box-shadow: 0 2px 6px rgb(16 32 64 / 24%), 0 8px 28px rgb(16 32 64 / 22%); z-index: var(--layer); }
    .launcher:hover { filter: brightness(1.1); }
    .launcher:focus-visible { outline: 3px solid var(--brand, #1458d6); outline-offset: 3px; box-shadow: 0 0 0 3px #fff; }
    .launcher[hidden] { display: none; }
    .launcher svg { inline-size: 28px; block-size: 28px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
    .launcher[aria-expanded="true"] .talk, .launcher[aria-expanded="false"] .shut { display: none; }
    .badge { position: absolute; top: -4px; inset-inline-end: -4px; min-inline-size: 22px; block-size: 22px; border-radius: 11px; padding: 0 5px;
      background: #c02530; color: #fff; font: 700 12px/22px system-ui, sans-serif; text-align: center; border: 0; }
    .badge[hidden] { display: none; }
    .panel { position: fixed; bottom: calc(max(20px, env(safe-area-inset-bottom)) + 68px); inline-size: min(408px, calc(100vw - 40px));
      block-size: min(690px, calc(100vh - 112px)); border-radius: 16px; overflow: hidden; background: #fff; z-index: var(--layer);
      box-shadow: 0 4px 12px rgb(16 32 64 / 14%), 0 16px 48px rgb(16 32 64 / 26%); visibility: hidden; opacity: 0; transform: translateY(8px); }
    .panel.dark { background: #161e2a; }
    .panel.open { visibility: visible; opacity: 1; transform: none; }
    .right { right: max(20px, env(safe-area-inset-right)); }
    .left { left: max(20px, env(safe-area-inset-left)); }
    iframe { display: block; inline-size: 100%; block-size: 100%; border: 0; color-scheme: auto; }
    @media (prefers-reduced-motion: no-preference) { .panel.open { transition: opacity .15s ease-out, transform .15s ease-out; } }
    @media (max-width: 480px) {
      .panel { inset: 0; inline-size: 100%; block-size: 100%; border-radius: 0; box-shadow: none; }
      .panel.open ~ .launcher { display: none; }
    }
    @media print { .panel, .launcher { display: none; } }`;

  const listeners = new Map();
  const memory = new Map();
  let settings = { locale: script.dataset.locale || "auto", theme: script.dataset.theme || "auto", position: script.dataset.position || "right",
    accent: script.dataset.accent || "", zIndex: Number(script.dataset.zIndex) || 2147483000, launcher: script.dataset.launcher !== "false", user: {} };
  let context = {};
  let parts = null;
  let isOpen = false;
  // It was to be opened before there was a body to put it on.
  let isWanted = false;
  let isReady = false;
  let isGreeted = false;
  let waiting = [];
  let unread = 0;
  let before = null;
  let scroll = null;
  // The language that the person chose in the window goes before the page's, until the page says another one.
  let chosen = kept("locale");

  const calls = { boot, open, close, toggle, identify, logout, setLocale, setTheme, setContext, ask, on, off, destroy };

  function yunzhu(name, ...rest) {
    if (!Object.prototype.hasOwnProperty.call(calls, name)) return tell("error", { code: "unknown-call", call: String(name) });
    return calls[name](...rest);
  }
  yunzhu.isLoaded = true;
  window.yunzhu = yunzhu;
  const queue = (stub && stub.q) || [];
  for (const call of queue) yunzhu(...call);
  if (!parts && script.dataset.boot !== "manual") boot();

  /** Puts the window on the page; called again it takes the options that are new. */
  function boot(given) {
    const { user, ...rest } = given || {};
    settings = { ...settings, ...pruned(rest), user: { ...settings.user, ...pruned(user || {}) } };
    if (!document.body) {
      document.addEventListener("DOMContentLoaded", () => boot(), { once: true });
      return;
    }
    if (!parts) {
      build();
      addEventListener("message", hear);
      addEventListener("storage", stored);
      addEventListener("resize", fit);
      if (window.visualViewport) visualViewport.addEventListener("resize", fit);
      if (window.visualViewport) visualViewport.addEventListener("scroll", fit);
    }
    dress();
    send({ type: "settings", ...told() });
    if (isWanted) open();
  }

  function open() {
    if (!parts) boot();
    isWanted = !parts;
    if (!parts || isOpen) return;
    isOpen = true;
    before = document.activeElement;
    parts.panel.classList.add("open");
    if (PHONE.matches) {
      scroll = document.documentElement.style.overflow;
      document.documentElement.style.setProperty("overflow", "hidden");
    }
    fit();
    dress();
    parts.frame.focus();
    send({ type: "shown", open: true, page: location.pathname });
    tell("open", {});
  }

  function close() {
    if (!parts || !isOpen) return;
    isOpen = false;
    const hadFocus = document.activeElement === parts.host;
    parts.panel.classList.remove("open");
    if (scroll !== null) document.documentElement.style.setProperty("overflow", scroll);
    scroll = null;
    dress();
    if (hadFocus && settings.launcher) parts.launcher.focus();
    else if (hadFocus && before) before.focus();
    send({ type: "shown", open: false });
    tell("close", {});
  }

  function toggle() {
    if (isOpen) close();
    else open();
  }

  function identify(user) {
    settings.user = { ...settings.user, ...pruned(user || {}) };
    send({ type: "settings", ...told() });
  }

  function logout() {
    settings.user = {};
    unread = 0;
    for (const key of keys()) if (key !== "locale") keep(key, null);
    send({ type: "logout", ...told() });
    if (parts) dress();
  }

  function setLocale(locale) {
    chosen = null;
    keep("locale", null);
    settings.locale = locale || "auto";
    send({ type: "settings", ...told() });
    if (parts) dress();
  }

  function setTheme(theme) {
    settings.theme = theme;
    send({ type: "settings", ...told() });
    if (parts) dress();
  }

  function setContext(given) {
    context = { ...context, ...pruned(given || {}) };
    send({ type: "settings", ...told() });
  }

  function ask(text) {
    open();
    send({ type: "ask", text: String(text == null ? "" : text) });
  }

  function on(event, listener) {
    if (typeof listener !== "function") return;
    if (!listeners.has(event)) listeners.set(event, new Set());
    listeners.get(event).add(listener);
    if (event === "ready" && isReady) setTimeout(() => call(listener, {}));
  }

  function off(event, listener) {
    if (!listeners.has(event)) return;
    if (listener) listeners.get(event).delete(listener);
    else listeners.delete(event);
  }

  function destroy() {
    if (!parts) return;
    close();
    removeEventListener("message", hear);
    removeEventListener("storage", stored);
    removeEventListener("resize", fit);
    if (window.visualViewport) visualViewport.removeEventListener("resize", fit);
    if (window.visualViewport) visualViewport.removeEventListener("scroll", fit);
    parts.host.remove();
    parts = null;
    isReady = isGreeted = false;
    waiting = [];
    unread = 0;
  }

  function build() {
    const host = document.createElement("div");
    host.id = "yunzhu-widget";
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLES);
    root.adoptedStyleSheets = [sheet];
    const panel = made("div", { id: "panel", class: "panel", role: "dialog" });
    const frame = made("iframe", { src: `${WINDOW}#origin=${encodeURIComponent(location.origin)}` });
    const launcher = made("button", { type: "button", class: "launcher", "aria-controls": "panel" });
    const badge = made("span", { class: "badge", "aria-hidden": "true" });
    launcher.append(icon("talk", "M21 11.5a8.4 8.4 0 0 1-9 8.4 9.6 9.6 0 0 1-4-.9L3 20.5l1.6-4.4A8 8 0 0 1 3 11.5 8.7 8.7 0 0 1 12 3a8.7 8.7 0 0 1 9 8.5zM8 11.5h.01M12 11.5h.01M16 11.5h.01"),
      icon("shut", "M6 9l6 6 6-6"), badge);
    launcher.addEventListener("click", toggle);
    launcher.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
    panel.append(frame);
    root.append(panel, launcher);
    parts = { host, panel, frame, launcher, badge };
    document.body.append(host);
    setTimeout(revive, PATIENCE_MS, frame);
  }

  /** Loads the frame again where the server could not be reached. */
  function revive(frame) {
    if (isGreeted || !parts || parts.frame !== frame) return;
    frame.src = `${WINDOW}#origin=${encodeURIComponent(location.origin)}`;
    setTimeout(revive, PATIENCE_MS, frame);
  }

  /** Makes what is seen agree with the settings. */
  function dress() {
    const { host, panel, frame, launcher, badge } = parts;
    const [show, hide, title, news] = LABELS[locale()];
    const dark = settings.theme === "dark" || (settings.theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
    host.style.setProperty("--layer", String(Number(settings.zIndex) || 2147483000));
    const accent = /^#[0-9a-f]{6}$/i.test(settings.accent) ? settings.accent : "";
    host.style.setProperty("--brand", accent || (dark ? "#2f6fe4" : "#1458d6"));
    host.style.setProperty("--on-brand", accent && isLight(accent) ? "#10161f" : "#fff");
    host.lang = locale();
    for (const part of [panel, launcher]) {
      part.classList.toggle("left", settings.position === "left");
      part.classList.toggle("right", settings.position !== "left");
    }
    panel.classList.toggle("dark", dark);
    panel.setAttribute("aria-label", title);
    frame.title = title;
    launcher.hidden = !settings.launcher;
    launcher.setAttribute("aria-expanded", String(isOpen));
    const label = isOpen ? hide : show;
    launcher.setAttribute("aria-label", unread && !isOpen ? `${label} (${news.replace("{n}", unread)})` : label);
    launcher.title = label;
    badge.hidden = !unread || isOpen;
    badge.textContent = unread > 99 ? "99+" : String(unread);
  }

  /** On a phone the window has the room that the keyboard leaves. */
  function fit() {
    if (!parts) return;
    const { panel } = parts;
    const view = window.visualViewport;
    if (!isOpen || !PHONE.matches || !view) {
      panel.style.removeProperty("height");
      panel.style.removeProperty("top");
      return;
    }
    panel.style.setProperty("height", `${view.height}px`);
    panel.style.setProperty("top", `${view.offsetTop}px`);
  }

  /** What the frame says, and nobody else. */
  function hear(event) {
    if (!parts || event.origin !== SERVER || event.source !== parts.frame.contentWindow) return;
    const said = event.data;
    if (!said || said.yunzhu !== 1) return;
    switch (said.type) {
      case "hello":
        isGreeted = true;
        post({ type: "init", ...told(), open: isOpen, page: location.pathname, kept: Object.fromEntries(keys().map((key) => [key, kept(key)])) });
        for (const message of waiting.splice(0)) post(message);
        break;
      case "ready":
        isReady = true;
        tell("ready", {});
        break;
      case "keep":
        keep(said.key, said.value);
        break;
      case "locale":
        chosen = said.locale;
        keep("locale", said.locale);
        dress();
        break;
      case "unread":
        if (unread === said.count) break;
        unread = said.count;
        dress();
        tell("unread", { count: unread });
        break;
      case "close":
        close();
        break;
      case "event":
        tell(said.name, said.detail);
        break;
      default:
    }
  }

  function told() {
    return { site: SITE, locale: locale(), theme: settings.theme, accent: settings.accent, user: settings.user, context };
  }

  function send(message) {
    if (isGreeted) post(message);
    // Settings are told whole when the frame asks for them.
    else if (message.type === "ask") waiting.push(message);
  }

  function post(message) {
    if (parts) parts.frame.contentWindow.postMessage({ yunzhu: 1, ...message }, SERVER);
  }

  function tell(event, detail) {
    for (const listener of listeners.get(event) || []) call(listener, detail);
  }

  /** A mistake in the page's own code must not end this one. */
  function call(listener, detail) {
    try {
      listener(detail);
    } catch (error) {
      setTimeout(() => { throw error; });
    }
  }

  function locale() {
    const wanted = chosen || settings.locale;
    const all = wanted && wanted !== "auto" ? [wanted] : [document.documentElement.lang, ...(navigator.languages || [])];
    for (const one of all) {
      const found = supported(one);
      if (found) return found;
    }
    return "en";
  }

  function supported(tag) {
    if (/^zh\b(?=.*\b(hant|tw|hk|mo)\b)/i.test(tag)) return "zh-TW";
    const found = /^(zh|en|ja|ko)\b/i.exec(tag || "");
    if (!found) return null;
    return found[1].toLowerCase() === "zh" ? "zh-CN" : found[1].toLowerCase();
  }

  function keys() {
    const found = new Set(memory.keys());
    try {
      for (let at = 0; at < localStorage.length; at += 1) {
        const key = localStorage.key(at);
        if (key.startsWith(PREFIX)) found.add(key.slice(PREFIX.length));
      }
    } catch { /* Storage is off: what is in memory has to do. */ }
    return [...found];
  }

  function kept(key) {
    if (memory.has(key)) return memory.get(key);
    try {
      return localStorage.getItem(PREFIX + key);
    } catch {
      return null;
    }
  }

  function keep(key, value) {
    if (!/^[\w.-]{1,100}$/.test(key) || (value !== null && (typeof value !== "string" || value.length > VALUE_MAX))) return;
    memory.delete(key);
    try {
      if (value === null) localStorage.removeItem(PREFIX + key);
      else localStorage.setItem(PREFIX + key, value);
    } catch {
      if (value !== null) memory.set(key, value);
    }
  }

  /** Another tab has changed what is kept. */
  function stored(event) {
    if (event.key && event.key.startsWith(PREFIX)) send({ type: "kept", key: event.key.slice(PREFIX.length), value: event.newValue });
  }

  function pruned(given) {
    return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  }

  function isLight(hex) {
    const [r, g, b] = [1, 3, 5].map((at) => (parseInt(hex.slice(at, at + 2), 16) / 255) ** 2.2);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.2;
  }

  function made(name, attributes) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  }

  function icon(name, path) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    node.setAttribute("viewBox", "0 0 24 24");
    node.setAttribute("class", name);
    node.setAttribute("aria-hidden", "true");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", path);
    node.append(line);
    return node;
  }
})();
