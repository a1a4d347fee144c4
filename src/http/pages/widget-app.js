// The help window: puts its parts together.

import { $, drawing } from "/assets/elements.js";
import { onEnter } from "/assets/typing.js";
import { takeFiles } from "/assets/widget-files.js";
import { begin, event, isFramed, keep, listen, read, say } from "/assets/widget-host.js";
import { drawVerdict } from "/assets/widget-lines.js";
import { makeLog } from "/assets/widget-log.js";
import { askForStars, hideStars } from "/assets/widget-rating.js";
import { freshId } from "/assets/widget-requests.js";
import { talk } from "/assets/widget-talk.js";
import { has, locale, setLocale, t } from "/assets/widget-texts.js";
import { welcome } from "/assets/widget-welcome.js";

const TEXTS_AGAIN_MS = 2000;

let settings = await begin();
let isOpen = settings.open;
let page = settings.page;
let unread = 0;
let trouble = null;
let lastHandoff = null;
let agent = null;
let newest = 0;

for (const node of document.querySelectorAll("[data-draw]")) node.append(drawing(node.dataset.draw));
await firstTexts();
dress();

const log = makeLog({ choose, judge, retry: (name) => files.retry(name) || conversation.retry(name) || log.remove(name) });
const conversation = talk({ line, replayed, retired, cleared, state, trouble: showTrouble, working, pending: log.addPending, settled, failed, refused: (item, refusal) => log.refuse(item.name, refusal.words), delayed: (item, tries) => log.delay(item.name, tries), forgotten: log.remove }, opening);
const files = takeFiles(log, conversation);

listen("settings", takeSettings);
listen("shown", takeShown);
listen("ask", ({ text }) => ask(text.trim()));
listen("logout", (said) => {
  settings = { ...settings, ...said };
  files.clear();
  conversation.logout();
});
listen("kept", (said) => {
  conversation.hearKept(said);
  if (said.key === "seen" && Number(said.value) >= newest) setUnread(0);
});

$("form").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  sendWords();
});
onEnter($("words"), sendWords);
$("words").addEventListener("input", () => {
  grow();
  keep("draft", $("words").value || null);
});
$("human").addEventListener("click", handOver);
$("fresh").addEventListener("click", () => {
  showMenu(false);
  conversation.fresh();
  $("words").focus();
});
$("menu").addEventListener("click", () => showMenu($("options").hidden));
$("language").addEventListener("change", () => changeLocale($("language").value, "person"));
$("close").hidden = !isFramed;
$("close").addEventListener("click", close);
addEventListener("keydown", (pressed) => {
  if (pressed.key !== "Escape" || pressed.isComposing || pressed.keyCode === 229) return;
  if (!$("options").hidden) {
    showMenu(false);
    $("menu").focus();
  } else close();
});

state({ state: "idle" });
conversation.begin(isOpen);
$("words").value = read("draft") ?? "";
grow();
greet();
takeShown({ open: isOpen, page });
say("ready");

async function firstTexts() {
  for (;;) {
    try {
      return await setLocale(settings.locale);
    } catch {
      await new Promise((wake) => setTimeout(wake, TEXTS_AGAIN_MS));
    }
  }
}

/** What a new conversation begins with. */
function opening() {
  const { user } = settings;
  let visitor = read("visitor");
  if (!visitor) keep("visitor", visitor = freshId());
  const who = { id: user.id ? String(user.id) : `v-${visitor}`, locale };
  if (user.name) who.name = String(user.name);
  const body = { channel: "widget", user: who, context: context() };
  if (user.token) body.identity = String(user.token);
  return { body, who: subject(user.token) };
}

function context() {
  const { product, page: said } = settings.context;
  const known = { page: String(said ?? page ?? "").slice(0, 600) };
  if (product) known.product = String(product);
  return known;
}

/** Whom a token names; only to see whether it is somebody else than before. */
function subject(token) {
  try {
    const [, payload] = token.split(".");
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)).sub ?? null;
  } catch {
    return null;
  }
}

function takeSettings(said) {
  const before = JSON.stringify(context());
  settings = { ...settings, ...said };
  dress();
  if (said.locale !== locale) changeLocale(said.locale, "page");
  const now = context();
  if (JSON.stringify(now) !== before) {
    conversation.amend({ context: now });
    greet();
  }
  const known = conversation.conversation()?.who;
  const who = subject(settings.user.token);
  // What one person said is not shown to the next one at the same machine.
  if (known && who && known !== who) {
    conversation.logout();
  }
}

/** What comes from here on is not seen, though the page has not heard of it yet. */
function close() {
  if (isFramed) isOpen = false;
  say("close");
}

function takeShown(said) {
  isOpen = said.open;
  if (said.page && said.page !== page) {
    page = said.page;
    if (!settings.context.page) conversation.amend({ context: context() });
  }
  conversation.shown(isOpen);
  if (!isOpen) return;
  noteSeen();
  // A keyboard that jumps up on a phone would hide the greeting.
  if (matchMedia("(pointer: coarse)").matches) $("title").focus();
  else $("words").focus();
}

function dress() {
  const { theme, accent } = settings;
  const root = document.documentElement;
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  else delete root.dataset.theme;
  root.classList.toggle("framed", isFramed);
  $("language").value = locale;
  if (!/^#[0-9a-f]{6}$/i.test(accent)) {
    root.style.removeProperty("--brand");
    root.style.removeProperty("--on-brand");
    return;
  }
  const [r, g, b] = [1, 3, 5].map((at) => (parseInt(accent.slice(at, at + 2), 16) / 255) ** 2.2);
  root.style.setProperty("--brand", accent);
  root.style.setProperty("--on-brand", 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.2 ? "#10161f" : "#fff");
}

async function changeLocale(wanted, by) {
  try {
    await setLocale(wanted);
  } catch {
    $("language").value = locale;
    return;
  }
  $("language").value = locale;
  if (by === "person") say("locale", { locale });
  log.redraw();
  greet();
  hideStars();
  state(conversation.state() ?? { state: "idle" });
  if (trouble) showTrouble(trouble);
  conversation.amend({ locale });
}

function showMenu(isShown) {
  $("options").hidden = !isShown;
  $("menu").setAttribute("aria-expanded", String(isShown));
  if (isShown) $("language").focus();
}

function greet() {
  welcome(settings.context.product, !log.count(), ask);
}

function ask(text) {
  if (text) conversation.say("messages", { text }, { words: text });
}

function sendWords() {
  const text = $("words").value.trim();
  if (!text) return;
  $("words").value = "";
  keep("draft", null);
  grow();
  ask(text);
}

function grow() {
  const area = $("words");
  area.style.setProperty("height", "auto");
  area.style.setProperty("height", `${Math.min(area.scrollHeight + 2, 148)}px`);
}

function choose(choice, button) {
  button.classList.add("chosen");
  conversation.say("messages", { choice: choice.id }, { words: choice.label });
  event("action", { name: "choice" });
  // The button is disabled from here on, and a disabled button loses the focus to nowhere.
  $("words").focus({ preventScroll: true });
}

function judge(judged, isHelpful, row) {
  log.judge(judged, isHelpful);
  conversation.say("feedback", { turn: judged.turn, helpful: isHelpful }, { answer: judged.seq });
  const comment = (words) => conversation.say("feedback", { turn: judged.turn, helpful: false, comment: words });
  drawVerdict(row, isHelpful, comment).focus({ preventScroll: true });
  event("action", { name: "feedback", helpful: isHelpful });
}

function handOver() {
  $("human").disabled = true;
  conversation.say("handoff", {});
  event("action", { name: "handoff" });
}

function line(received) {
  note(received);
  log.line(received);
  if (received.author === "user") greet();
  if (isOpen && !document.hidden) noteSeen();
  else if (received.author !== "user") setUnread(unread + 1);
  showQueue(conversation.state());
}

function replayed(lines) {
  for (const received of lines) note(received);
  log.replay(lines);
  greet();
  if (isOpen) return noteSeen();
  const seen = Number(read("seen")) || 0;
  setUnread(lines.filter((received) => received.author !== "user" && received.seq > seen && received.turn > 0).length);
}

function note(received) {
  if (received.body.type === "handoff") lastHandoff = received.body;
  if (received.author === "agent" && received.agent) agent = received.agent;
  newest = Math.max(newest, received.seq);
}

function noteSeen() {
  if (newest) keep("seen", String(newest));
  setUnread(0);
}

function setUnread(count) {
  unread = count;
  say("unread", { count });
}

function retired(why) {
  newest = 0;
  lastHandoff = null;
  agent = null;
  keep("seen", null);
  log.divide(why === "fresh" ? "divider.fresh" : "divider.gone");
  hideStars();
}

function cleared() {
  log.clear();
  setUnread(0);
  $("words").value = "";
  keep("draft", null);
  grow();
  greet();
}

function settled(item, turn) {
  log.settle(item.name, turn);
  if (item.path === "handoff") $("human").disabled = false;
}

function failed(item, refusal) {
  log.fail(item.name, refusal.words);
  if (item.path === "handoff") $("human").disabled = false;
  if (item.path === "feedback" && item.answer) log.unjudge(item.answer);
  if (item.words === undefined) showTrouble(refusal);
}

/** The dots: an answer is on its way. People type when they type. */
function working(item) {
  const now = conversation.state()?.state;
  $("typing").hidden = !item || item.path === "rating" || !navigator.onLine || Boolean(trouble) || now === "queued" || now === "with_agent";
  if (item) item.isSending = true;
  if (!$("typing").hidden) log.toEnd();
}

function showTrouble(refusal) {
  if (refusal && !trouble) event("error", { code: refusal.status === 0 ? "unreachable" : refusal.kind || "refused", status: refusal.status });
  trouble = refusal;
  $("trouble").hidden = !refusal;
  const words = refusal ? refusal.words : "";
  if ($("trouble").textContent !== words) $("trouble").textContent = words;
  if (refusal) $("typing").hidden = true;
}

function state(view) {
  const name = view.state;
  $("state").textContent = name === "with_agent" && agent ? t("state.with_agent_named", { agent }) : has(`state.${name}`) ? t(`state.${name}`) : "";
  // Whoever waits or is talked to would lose their place.
  const isWithPeople = name === "queued" || name === "with_agent";
  $("human").hidden = $("fresh").hidden = isWithPeople;
  showQueue(view);
  if (name !== "resolved" && name !== "closed") {
    if (view.state && view.turn) keep("rated", null);
    return hideStars();
  }
  const id = conversation.conversation()?.id;
  if (!id || !view.turn || read("rated") === id || $("rating").firstChild) return;
  askForStars((stars) => {
    keep("rated", id);
    hideStars();
    if (!stars) return;
    conversation.say("rating", stars);
    event("action", { name: "rating" });
    $("words").focus({ preventScroll: true });
  });
  log.toEnd();
}

/** Where the person stands in the queue, as far as it is known now. */
function showQueue(view) {
  const isQueued = view?.state === "queued";
  $("queue").hidden = !isQueued;
  if (!isQueued) return;
  const ticket = view.handoff?.ticket_id ?? lastHandoff?.ticket_id ?? "";
  const known = view.tickets?.find((one) => one.ticket_id === ticket);
  const places = [view, view.handoff, known, lastHandoff?.ticket_id === ticket ? lastHandoff : null];
  const place = places.find((one) => one && "queue_position" in one) ?? {};
  const words = place.queue_position
    ? t(place.expected_wait_s > 60 ? "queue.place" : "queue.place_soon", { ticket, position: place.queue_position, minutes: Math.ceil((place.expected_wait_s ?? 0) / 60) })
    : t(known?.status === "assigned" ? "queue.assigned" : "queue.noted", { ticket });
  if ($("queue").textContent !== words) $("queue").textContent = words;
}
