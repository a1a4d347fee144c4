// One ticket: its packet, its transcript as it grows, and what an agent can do with it.

import { $, addLine, api, el, markdown, onEnter, t, time, word } from "/assets/base.js";
import { countdown } from "/assets/clock.js";

let shown = null;
let account = null;
let goBack = null;
let stream = null;
let last = 0;

/** The id of the ticket that is shown. */
export const shownTicket = () => shown;

/** Shows a ticket. */
export async function openTicket(id, me, back) {
  closeTicket();
  [shown, account, goBack] = [id, me, back];
  try {
    await refreshTicket();
    $("ticket").focus();
  } catch (error) {
    tell(error);
  }
}

/** Shows none. */
export function closeTicket() {
  stream?.close();
  [shown, stream, last] = [null, null, 0];
  $("ticket").replaceChildren(el("p", { class: "nothing soft" }, t("desk.choose")));
}

/** Fetches the ticket again; what is being typed and read stays. */
export async function refreshTicket() {
  const id = shown;
  const found = await api("GET", `/tickets/${encodeURIComponent(id)}`);
  if (shown !== id) return;
  const ticket = { ...found, ...(found.ticket ?? {}) };
  if (!$("talk-log")) layOut();
  $("ticket-head").replaceChildren(...head(ticket));
  $("ticket-packet").replaceChildren(...packet(ticket));
  const mine = ticket.agent === account.name && ["assigned", "in_progress", "waiting_customer"].includes(ticket.status);
  $("talk-words").disabled = !mine;
  $("talk-words").placeholder = t(mine ? (matchMedia("(max-width: 720px)").matches ? "desk.hint_short" : "desk.say_hint") : "desk.take_first");
  $("talk-send").disabled = !mine;
  if (!stream) follow(id);
}

function layOut() {
  const words = el("textarea", { id: "talk-words", rows: "2", maxlength: "10000", enterkeyhint: "send" });
  const form = el(
    "form",
    {},
    el("label", { for: "talk-words", class: "visually-hidden" }, t("desk.say")),
    words,
    el("button", { id: "talk-send", class: "primary" }, t("chat.send")),
  );
  const send = async () => {
    const text = words.value.trim();
    if (!text || words.disabled) return;
    words.value = "";
    if (!(await act({ do: "say", text }))) words.value ||= text;
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  onEnter(words, send);
  const log = el("div", { id: "talk-log", class: "log", role: "log", "aria-live": "polite", "aria-label": t("desk.transcript"), tabindex: "0" });
  $("ticket").replaceChildren(
    el("div", { id: "ticket-head", class: "head" }),
    el("section", { class: "talk", "aria-label": t("desk.transcript") }, log, form),
    el("section", { id: "ticket-packet", class: "packet", "aria-label": t("desk.packet"), tabindex: "0" }),
  );
}

/** The transcript from its beginning, and every line from then on. */
function follow(id) {
  stream = new EventSource(`/api/v1/tickets/${encodeURIComponent(id)}/events?after=${last}`);
  const here = stream;
  here.onmessage = (event) => {
    if (here !== stream) return;
    const line = JSON.parse(event.data);
    if (line.seq <= last) return;
    last = line.seq;
    addLine($("talk-log"), drawn(line));
  };
  here.onerror = () => {
    if (here !== stream || here.readyState !== EventSource.CLOSED) return;
    setTimeout(() => { if (here === stream && shown === id) follow(id); }, 3000);
  };
}

function drawn(line) {
  const { body, author } = line;
  const quietly = body.type === "notice" || author === "system";
  const who = `${line.agent ?? t(`author.${author}`)} · ${time(line.at)}`;
  const words = el("div", { class: "words" });
  if (author === "user") words.append(body.text ?? "", ...(line.attachment ? [file(line.attachment)] : []));
  else if (body.type === "answer") words.append(el("h3", {}, body.title), ...markdown(body.text));
  else words.append(...markdown(body.text), ...(body.choices?.length ? [el("ul", {}, body.choices.map((choice) => el("li", {}, choice.label)))] : []));
  const node = el("div", { class: `line ${quietly ? "notice" : author}` }, quietly ? null : el("div", { class: "who" }, who), words);
  // Four stars are the mark of a mask: only what was masked has an original to show.
  if (author === "user" && (body.text ?? "").includes("****")) node.append(el("button", { type: "button", class: "quiet original", onclick: () => showOriginal(line.seq, words) }, t("desk.original")));
  return node;
}

/** A file that the person sent, as a link; a picture opens, everything else is kept. */
const file = (id) => el("p", {}, el("a", { href: `/api/v1/tickets/${encodeURIComponent(shown)}/attachments/${encodeURIComponent(id)}`, target: "_blank", rel: "noopener" }, t("chat.attached")));

async function showOriginal(seq, words) {
  const given = await ask(t("desk.original"), t("desk.original_why"), t("desk.original_show"), [{ name: "why", label: t("desk.why"), area: true, required: true }]);
  if (!given) return;
  try {
    const query = new URLSearchParams({ seq, why: given.why });
    const { text } = await api("GET", `/tickets/${encodeURIComponent(shown)}/original?${query}`);
    words.replaceChildren(text);
  } catch (error) {
    tell(error);
  }
}

function head(ticket) {
  const clocks = ticket.clocks ?? {};
  const chips = el(
    "div",
    { class: "row" },
    el("button", { type: "button", class: "back", onclick: () => goBack() }, t("desk.back")),
    el("span", { class: `chip ${ticket.priority}` }, ticket.priority),
    ticket.vip ? el("span", { class: "chip vip" }, "VIP") : null,
    el("span", { class: "chip" }, word("status", ticket.status)),
    el("span", { class: "soft" }, ticket.id),
    el("span", { class: "row end" }, countdown("response", clocks), countdown("resolution", clocks)),
  );
  return [chips, el("h2", {}, ticket.need || t("desk.no_need")), reach(ticket.reach), el("div", { class: "row" }, buttons(ticket))];
}

/** How the person is reached, and how much more their platform takes: before it takes nothing. */
function reach(way) {
  if (!way) return null;
  const over = way.until !== null && way.until <= Date.now();
  const parts = [t("desk.reach", { sink: word("sink", way.sink) })];
  if (way.only_answers) parts.push(t("desk.reach_answers"));
  else if (way.left === 0 || over) parts.push(t("desk.reach_over"));
  else if (way.left !== null) parts.push(t("desk.reach_left", { left: way.left, until: time(way.until) }));
  if (way.waiting) parts.push(t("desk.reach_waiting", { count: way.waiting }));
  const bad = way.only_answers || way.left === 0 || over;
  return el("p", { class: bad ? "banner" : "soft", role: "status" }, parts.join(" · "));
}

function buttons(ticket) {
  const button = (text, what, look = "") => el("button", { type: "button", class: look, onclick: what }, text);
  const ended = ["resolved", "closed", "cancelled"].includes(ticket.status);
  if (ended) return [el("span", { class: "soft" }, ticket.solution ?? "")];
  const mine = ticket.agent === account.name;
  const all = [];
  if (!mine || ticket.status === "assigned") all.push(button(t("desk.take"), () => act({ do: "take" }), "primary"));
  if (mine) {
    all.push(button(t("desk.resolve"), resolve, "primary"));
    if (ticket.status !== "waiting_customer") all.push(button(t("desk.wait"), () => act({ do: "wait_for_customer" })));
    all.push(button(t("desk.return"), () => act({ do: "return_to_bot" })));
  }
  all.push(button(t("desk.transfer"), transfer), button(t("desk.note"), note), priority(ticket));
  return all;
}

function priority(ticket) {
  const select = el("select", { "aria-label": t("desk.priority"), class: "compact" }, ["P0", "P1", "P2"].map((name) => el("option", { value: name, selected: name === ticket.priority }, word("priority", name))));
  select.addEventListener("change", () => act({ do: "set_priority", priority: select.value }));
  return el("span", {}, select);
}

async function resolve() {
  const given = await ask(t("desk.resolve"), t("desk.resolve_what"), t("desk.resolve"), [{ name: "solution", label: t("desk.solution"), area: true }]);
  if (given) act({ do: "resolve", solution: given.solution || null });
}

async function note() {
  const given = await ask(t("desk.note"), t("desk.note_what"), t("dialog.save"), [{ name: "text", label: t("desk.note"), area: true, required: true }]);
  if (given) act({ do: "note", text: given.text });
}

async function transfer() {
  const given = await ask(t("desk.transfer"), t("desk.transfer_what"), t("desk.transfer"), [
    { name: "queue", label: t("desk.to_queue") },
    { name: "agent", label: t("desk.to_agent") },
  ]);
  if (given) act(given.agent ? { do: "transfer", agent: given.agent } : { do: "transfer", queue: given.queue });
}

async function act(action) {
  const id = shown;
  try {
    await api("POST", `/tickets/${encodeURIComponent(id)}/actions`, { body: action });
    dispatchEvent(new CustomEvent("desk-acted"));
    return true;
  } catch (error) {
    tell(error);
    return false;
  }
}

function tell(error) {
  dispatchEvent(new CustomEvent("desk-trouble", { detail: error }));
}

/** Asks for some words; null where it was called off. */
function ask(title, what, done, fields) {
  const dialog = $("dialog");
  $("dialog-title").textContent = title;
  $("dialog-what").textContent = what;
  $("dialog-done").textContent = done;
  const inputs = fields.map(({ name, area, required }) => el(area ? "textarea" : "input", { id: `field-${name}`, name, rows: area && "3", required, maxlength: "2000" }));
  $("dialog-fields").replaceChildren(...fields.flatMap(({ name, label }, at) => [el("label", { for: `field-${name}` }, label), inputs[at]]));
  $("dialog-cancel").onclick = () => dialog.close("");
  dialog.returnValue = "";
  dialog.showModal();
  inputs[0]?.focus();
  return new Promise((answer) => {
    dialog.onclose = () => answer(dialog.returnValue === "done" ? Object.fromEntries(inputs.map((input) => [input.name, input.value.trim()])) : null);
  });
}

function packet(ticket) {
  const label = (named) => (typeof named === "string" ? named : (named?.label?.[document.documentElement.lang.startsWith("zh") ? "zh" : "en"] ?? named?.code));
  const pairs = (rows) => {
    const kept = rows.filter(([, value]) => value !== undefined && value !== null && value !== "");
    return kept.length ? el("dl", {}, kept.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))])) : null;
  };
  const part = (title, content) => (content && content.length !== 0 ? el("div", {}, el("h3", {}, t(title)), content) : null);
  const list = (items) => (items?.length ? el("ul", {}, items) : null);
  const { person = {} } = ticket;
  const shownCases = (ticket.cases ?? []).map((it) => el("li", {}, el("span", { class: "chip" }, word("verdict", it.verdict)), " ", it.title, it.comment ? el("p", { class: "soft" }, it.comment) : null));
  const notes = (ticket.notes ?? []).map((it) => el("li", {}, el("span", { class: "soft" }, `${it.by} · ${time(it.at)} `), it.text));
  const past = (ticket.history ?? []).map((it) => el("li", {}, el("span", { class: "soft" }, `${time(it.at)} `), change(it)));
  return [
    part("packet.customer", pairs([
      [t("packet.name"), person.name ?? person.id],
      [t("packet.tier"), word("tier", person.tier)],
      [t("packet.region"), person.region ?? ticket.region],
      [t("packet.sentiment"), ticket.sentiment && word("sentiment", ticket.sentiment)],
    ])),
    part("packet.problem", pairs([
      [t("packet.reason"), word("reason", ticket.reason)],
      [t("packet.product"), ticket.product_name ?? ticket.product],
      [t("packet.kind"), label(ticket.kind)],
      [t("packet.impact"), label(ticket.impact)],
      [t("packet.category"), label(ticket.category)],
      [t("packet.causes"), (ticket.root_causes ?? []).map(label).join("、")],
      [t("packet.queue"), ticket.queue],
      [t("packet.agent"), ticket.agent],
    ])),
    part("packet.facts", pairs(Object.entries(ticket.facts ?? {}).map(([name, value]) => [word("slot", name), value]))),
    part("packet.missing", list((ticket.missing ?? []).map((it) => el("li", {}, label(it))))),
    part("packet.symptoms", list((ticket.symptoms ?? []).map((it) => el("li", {}, it)))),
    part("packet.logs", ticket.log_excerpts?.length ? el("pre", {}, ticket.log_excerpts.join("\n")) : null),
    part("packet.cases", list(shownCases)),
    part("packet.notes", list(notes)),
    part("packet.history", list(past)),
  ].filter(Boolean);
}

function change({ by, change: name, agent, queue, to, id }) {
  const who = by?.name ?? word("author", by?.role ?? "");
  const target = agent ?? (queue && word("queue", queue)) ?? to ?? id ?? "";
  return [word("change", name), target, who && `(${who})`].filter(Boolean).join(" ");
}
