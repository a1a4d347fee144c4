// A conversation with the bot or an agent. What is shown comes from the transcript alone, so a reload shows the same.

import { $, Refusal, addLine, api, el, freshId, has, language, loadTexts, markdown, onEnter, switchLanguage, t, time } from "/assets/base.js";

const STORED = "yunzhu.conversation";
let conversation = null;
let last = 0;
let socket = null;
let attempts = 0;
let pending = new Map();
let rated = false;
let opening = null;
let stateTimer = 0;

await loadTexts();
start();

function start() {
  document.title = t("name");
  for (const number of [1, 2, 3, 4]) {
    const question = t(`example.${number}`);
    $("examples").append(el("li", {}, el("button", { type: "button", onclick: () => say({ text: question }, question) }, question)));
  }
  $("form").addEventListener("submit", (event) => { event.preventDefault(); sendWords(); });
  onEnter($("words"), sendWords);
  $("words").addEventListener("input", grow);
  $("human").addEventListener("click", () => perform("handoff", {}, t("chat.human")));
  $("fresh").addEventListener("click", startAfresh);
  $("language").addEventListener("click", switchLanguage);
  $("attach").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", upload);
  if (matchMedia("(max-width: 860px)").matches) $("words").placeholder = t("chat.hint_short");
  addEventListener("online", connect);
  watchService();
  resume();
  if (matchMedia("(min-width: 860px)").matches) $("words").focus();
}

async function watchService() {
  const ready = await fetch("/readyz").then((response) => response.ok, () => false);
  $("service").textContent = t(ready ? "service.ready" : "service.starting");
  $("service").classList.toggle("good", ready);
  setTimeout(watchService, ready ? 30000 : 1500);
}

async function resume() {
  try {
    conversation = JSON.parse(localStorage.getItem(STORED));
  } catch {
    conversation = null;
  }
  if (!conversation?.id) return open().catch(trouble);
  try {
    showState(await api("GET", `/conversations/${encodeURIComponent(conversation.id)}`, { token: conversation.token }));
    connect();
  } catch (error) {
    if (error.status === 404 || error.status === 403 || error.status === 401) return open().catch(trouble);
    trouble(error);
    setTimeout(resume, 3000);
  }
}

/** Opens a conversation; asked twice at once it opens one. */
function open() {
  opening ??= (async () => {
    try {
      const opened = await api("POST", "/conversations", { body: { channel: "widget", user: { locale: language }, context: { page: location.pathname } } });
      conversation = { id: opened.conversation_id, token: opened.token };
      localStorage.setItem(STORED, JSON.stringify(conversation));
      forget();
      showState({ state: "idle" });
      connect();
    } finally {
      opening = null;
    }
  })();
  return opening;
}

function forget() {
  last = 0;
  rated = false;
  pending = new Map();
  $("log").replaceChildren();
}

function startAfresh() {
  localStorage.removeItem(STORED);
  socket?.close();
  conversation = null;
  forget();
  open().catch(trouble);
  $("words").focus();
}

/** Follows the transcript from the last line that was seen. */
function connect() {
  if (!conversation || (socket && socket.readyState <= WebSocket.OPEN)) return;
  const mine = conversation;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const here = new WebSocket(`${scheme}://${location.host}/api/v1/conversations/${encodeURIComponent(mine.id)}/ws?after=${last}`);
  socket = here;
  here.addEventListener("open", () => here.send(JSON.stringify({ token: mine.token })));
  here.addEventListener("message", (event) => {
    if (conversation !== mine) return;
    attempts = 0;
    quiet();
    const received = JSON.parse(event.data);
    if (received.type === "message") showLine(received);
  });
  here.addEventListener("close", (event) => {
    if (conversation !== mine) return;
    if (event.code === 4403 || event.code === 4404) return startAfresh();
    attempts += 1;
    if (attempts > 1) trouble(new Refusal(0));
    setTimeout(connect, Math.min(15000, 500 * 2 ** attempts) * (0.7 + Math.random() * 0.6));
  });
}

/** What the stream has not brought, for when there is none. */
async function catchUp() {
  if (socket?.readyState === WebSocket.OPEN) return;
  const mine = conversation;
  const part = await api("GET", `/conversations/${encodeURIComponent(mine.id)}/messages?after=${last}`, { token: mine.token });
  if (conversation === mine) part.messages.forEach(showLine);
}

function sendWords() {
  const text = $("words").value.trim();
  if (!text) return;
  $("words").value = "";
  grow();
  say({ text }, text);
}

function grow() {
  const area = $("words");
  area.rows = 1;
  area.rows = Math.min(6, Math.max(1, Math.round((area.scrollHeight - 16) / 24)));
}

const say = (body, shown) => perform("messages", body, shown);

/** Sends, and sends again under the same name until it is answered: the server takes it once. */
async function perform(path, body, shown) {
  const name = freshId();
  const line = shown ? el("div", { class: "line user pending" }, el("div", { class: "words" }, shown)) : null;
  if (line) {
    pending.set(name, line);
    addLine($("log"), line);
    $("log").scrollTop = $("log").scrollHeight;
  }
  for (let tries = 1; ; tries += 1) {
    try {
      if (!conversation) await open();
      const turn = await api("POST", `/conversations/${encodeURIComponent(conversation.id)}/${path}`, { token: conversation.token, body: { ...body, client_message_id: name } });
      quiet();
      showState(turn);
      await catchUp();
      settle(name);
      return true;
    } catch (error) {
      trouble(error);
      const again = error.status === 0 || error.status === 429 || error.status === 503 || error.status === 408;
      if (!again || tries >= 6) {
        line?.classList.add("failed");
        pending.delete(name);
        return false;
      }
      await new Promise((wake) => setTimeout(wake, (error.wait ?? 2 ** tries * 0.5) * 1000));
    }
  }
}

/** The line that stood for a message gives way to the transcript's own. */
function settle(name) {
  setTimeout(() => { pending.get(name)?.remove(); pending.delete(name); }, 1500);
}

async function upload() {
  const file = $("file").files[0];
  $("file").value = "";
  if (!file) return;
  if (file.size > 50 * 1024 * 1024) return trouble(new Refusal(413, { type: "too-large" }));
  try {
    if (!conversation) await open();
    const form = new FormData();
    form.append("file", file);
    say(await taken(form), file.name);
  } catch (error) {
    trouble(error);
  }
}

async function taken(form) {
  const kept = await api("POST", `/conversations/${encodeURIComponent(conversation.id)}/attachments`, { token: conversation.token, form });
  return { attachment: kept.attachment };
}

function showLine(line) {
  if (line.seq <= last) return;
  last = line.seq;
  if (line.author === "user") {
    const [name, node] = pending.entries().next().value ?? [];
    if (node) {
      node.remove();
      pending.delete(name);
    }
  }
  addLine($("log"), drawn(line));
  // The verdict that was given by a button is a line of its own: after a reload it stands for the button.
  if (line.author === "user" && (line.body.text === "👍" || line.body.text === "👎")) judged(line.body.text === "👍");
  for (const node of pending.values()) $("log").append(node);
  if (line.author === "agent" || line.author === "system" || line.body.type === "notice") refreshState();
}

/** Where the conversation stands, after somebody else did something; once for many lines. */
function refreshState() {
  clearTimeout(stateTimer);
  stateTimer = setTimeout(async () => {
    const mine = conversation;
    const view = await api("GET", `/conversations/${encodeURIComponent(mine.id)}`, { token: mine.token }).catch(() => null);
    if (view && conversation === mine) showState(view);
  }, 300);
}

function drawn(line) {
  const { body } = line;
  const quietly = body.type === "notice" || line.author === "system";
  const who = line.author === "user" ? time(line.at) : `${line.agent ?? t(`author.${line.author}`)} · ${time(line.at)}`;
  const words = el("div", { class: "words" }, ...content(line));
  const node = el("div", { class: `line ${quietly ? "notice" : line.author}` }, quietly ? null : el("div", { class: "who" }, who), words);
  if (body.type === "answer") node.append(verdict(line.turn));
  return node;
}

function content(line) {
  const { body } = line;
  const attached = line.attachment ? [el("p", { class: "soft" }, t("chat.attached"))] : [];
  if (line.author === "user") return [body.text, ...attached];
  switch (body.type) {
    case "answer":
      return [el("h3", {}, body.title), ...markdown(body.text), el("p", { class: "source" }, t("chat.source", { source: body.source, share: Math.round(body.confidence * 100) }))];
    case "choices":
    case "clarify":
      return [...markdown(body.text), el("div", { class: "choices" }, body.choices.map((choice) => el("button", { type: "button", onclick: choose(choice) }, choice.label)))];
    case "handoff":
      return [el("div", { class: "handoff" }, ...markdown(body.text), el("p", { class: "soft" }, waiting(body)))];
    default:
      return [...markdown(body.text), ...attached];
  }
}

function waiting(body) {
  if (!body.queue_position) return t("chat.ticket", { ticket: body.ticket_id });
  const minutes = Math.max(1, Math.round((body.expected_wait_s ?? 0) / 60));
  return t("chat.waiting", { ticket: body.ticket_id, position: body.queue_position, minutes });
}

const choose = (choice) => (event) => {
  event.currentTarget.classList.add("chosen");
  say({ choice: choice.id }, choice.label);
};

function verdict(turn) {
  const row = el("div", { class: "verdict" });
  const judge = (helpful) => async () => {
    for (const button of row.querySelectorAll("button")) button.disabled = true;
    if (!(await perform("feedback", { turn, helpful }))) for (const button of row.querySelectorAll("button")) button.disabled = false;
    else show(row, helpful);
  };
  row.append(
    el("button", { type: "button", class: "quiet", onclick: judge(true) }, `👍 ${t("chat.helpful")}`),
    el("button", { type: "button", class: "quiet", onclick: judge(false) }, `👎 ${t("chat.not_helpful")}`),
  );
  return row;
}

function show(row, helpful) {
  row.replaceChildren(el("span", { class: "soft" }, t(helpful ? "chat.was_helpful" : "chat.was_not_helpful")));
}

function judged(helpful) {
  const open = [...document.querySelectorAll(".verdict")].filter((row) => row.querySelector("button"));
  if (open.length) show(open.at(-1), helpful);
}

function showState(view) {
  $("state").textContent = has(`state.${view.state}`) ? t(`state.${view.state}`) : "";
  $("human").hidden = view.state === "queued" || view.state === "with_agent";
  if (view.state === "resolved" && view.turn && !rated) askForStars();
}

function askForStars() {
  rated = true;
  const form = el("form", { class: "line" });
  const row = (name) => el("fieldset", { class: "stars" }, el("legend", {}, t(`stars.${name}`)), [1, 2, 3, 4, 5].map((stars) => el("label", {}, el("input", { type: "radio", name, value: String(stars) }), String(stars))));
  form.append(el("div", { class: "words" }, el("p", {}, t("stars.ask")), row("response"), row("resolution"), row("communication"), el("button", { class: "primary" }, t("stars.send"))));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const stars = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, Number(value)]));
    if (Object.keys(stars).length && (await perform("rating", stars))) form.remove();
  });
  setTimeout(() => addLine($("log"), form), 400);
}

function trouble(error) {
  $("trouble").textContent = error.words ?? String(error);
  $("trouble").hidden = false;
}

function quiet() {
  $("trouble").hidden = true;
}
