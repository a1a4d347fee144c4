// What was said, in order: lines of the transcript, each once, then what is still being sent.

import { $, el } from "/assets/elements.js";
import { drawLine, drawPending, drawVerdict, verdictOf } from "/assets/widget-lines.js";
import { keepJson, readJson } from "/assets/widget-host.js";
import { t } from "/assets/widget-texts.js";

const NEAR_PX = 140;

/** The log. `deeds`: choose, judge, comment, retry. */
export function makeLog(deeds) {
  const [scroller, box, sending] = [$("scroller"), $("log"), $("sending")];
  let entries = [];
  const pending = new Map();
  const pictures = new Map();
  const turns = new Map();
  // Which answers have a verdict, and which turns were spent on saying so.
  let judged = { answers: {}, turns: {}, ...readJson("judged") };
  const unheard = [];
  let waking = 0;

  $("latest").addEventListener("click", () => {
    scroller.scrollTop = scroller.scrollHeight;
    $("latest").hidden = true;
  });
  scroller.addEventListener("scroll", () => { if (isNear()) $("latest").hidden = true; }, { passive: true });
  // Rows that open, pictures that load and keyboards that come must not hide the end from whoever was there.
  let wasNear = true;
  scroller.addEventListener("scroll", () => { wasNear = isNear(); }, { passive: true });
  new ResizeObserver(() => { if (wasNear) scroller.scrollTop = rest(); }).observe(scroller);

  return { line, replay, divide, clear, addPending, settle, fail, refuse, delay, remove, redraw, progress, judge: judgeByButton, unjudge, toEnd, pictures, count: () => entries.length };

  function line(received) {
    add(received);
    refreshButtons();
  }

  /** History, which is not read out. */
  function replay(lines) {
    box.setAttribute("aria-live", "off");
    for (const received of lines) add(received);
    refreshButtons();
    clearTimeout(waking);
    waking = setTimeout(() => box.setAttribute("aria-live", "polite"), 1000);
    toEnd();
  }

  function add(received) {
    const verdict = verdictOf(received);
    if (received.author === "user") give(received, Boolean(verdict));
    if (verdict && hearVerdict(received, verdict.isHelpful)) return;
    // The welcome says the same.
    if (received.turn === 0 && received.author === "bot" && received.body.type === "text") return;
    const near = isNear();
    const node = drawLine(received, deeds, pictures);
    const entry = { line: received, node, isPast: false };
    const after = entries.findIndex((other) => !other.isPast && other.line && other.line.seq > received.seq);
    if (after < 0) {
      entries.push(entry);
      box.append(node);
      if (box.getAttribute("aria-live") === "polite") node.classList.add("new");
    } else {
      entries[after].node.before(node);
      entries.splice(after, 0, entry);
    }
    showVerdict(entry);
    keepEnd(near);
  }

  /** What stood for a message gives way to the transcript's own line. A verdict may be one that nobody typed. */
  function give(received, isVerdict) {
    const waiting = [...pending.values()].filter(({ item }) => item.path === "messages");
    const fits = ({ item }) => turns.get(item.name) === received.turn || (!turns.has(item.name) && (received.attachment ? item.body?.attachment === received.attachment : item.words === received.body.text));
    // What was masked on the way has other words, but it is the oldest that is being sent.
    const oldest = isVerdict ? undefined : waiting.find(({ item }) => item.isSending && !turns.has(item.name) && !item.body?.attachment === !received.attachment);
    const found = waiting.find(fits) ?? oldest;
    if (found) remove(found.item.name);
  }

  /** A verdict is a line of its own in the transcript; here it stands for the buttons under its answer. */
  function hearVerdict(received, isHelpful) {
    const known = judged.turns[received.turn];
    const target = known ? entries.find((entry) => !entry.isPast && entry.line?.seq === known) : (unheard.shift() ?? answerBefore(received.turn));
    if (!target) return Boolean(known);
    if (target.judged === undefined) judge(target.line, isHelpful);
    judged.turns[received.turn] = target.line.seq;
    keepJson("judged", judged);
    const row = target.node.querySelector(".verdict");
    if (row && !row.querySelector("form, .soft")) drawVerdict(row, isHelpful);
    return true;
  }

  function answerBefore(turn) {
    return entries.filter((entry) => !entry.isPast && entry.line?.body.type === "answer" && entry.line.turn < turn).at(-1);
  }

  function showVerdict(entry) {
    const row = entry.node.querySelector(".verdict");
    if (!row) return;
    if (entry.isPast && entry.judged === undefined) return row.remove();
    const known = entry.judged ?? judged.answers[entry.line.seq];
    if (known === undefined) return;
    entry.judged = known;
    drawVerdict(row, known);
  }

  /** Choices that a later line has overtaken cannot be taken any more. */
  function refreshButtons() {
    const latest = Math.max(0, ...entries.filter((entry) => !entry.isPast && entry.line).map((entry) => entry.line.turn));
    const words = new Map(entries.filter((entry) => !entry.isPast && entry.line?.author === "user").map((entry) => [entry.line.turn, entry.line.body.text]));
    for (const { line: own, node, isPast } of entries) {
      if (!own || !(own.body.choices?.length)) continue;
      const isStale = isPast || own.turn < latest;
      for (const button of node.querySelectorAll(".choices button")) {
        button.disabled = isStale;
        if (isStale && !isPast && button.textContent === words.get(own.turn + 1)) button.classList.add("chosen");
      }
    }
  }

  /** What comes from here on belongs to another conversation. */
  function divide(words) {
    const isDivided = !entries.length || entries.at(-1).words;
    for (const entry of entries) {
      entry.isPast = true;
      if (entry.line) showVerdict(entry);
    }
    refreshButtons();
    forgetVerdicts();
    turns.clear();
    if (isDivided) return;
    const node = el("div", { class: "divider", role: "separator" }, t(words));
    entries.push({ words, node, isPast: true });
    box.append(node);
    keepEnd(true);
  }

  function clear() {
    entries = [];
    forgetVerdicts();
    box.replaceChildren();
    for (const name of [...pending.keys()]) remove(name);
    for (const { url } of pictures.values()) if (url) URL.revokeObjectURL(url);
    pictures.clear();
    turns.clear();
  }

  function addPending(item) {
    if (item.words === undefined) return;
    const old = pending.get(item.name)?.node;
    const node = drawPending(item, () => deeds.retry(item.name));
    pending.set(item.name, { item, node });
    if (old) old.replaceWith(node);
    else sending.append(node);
    status(item.name, navigator.onLine ? "sending" : "waits");
    if (!old) toEnd();
    for (const entry of entries) if (item.path === "messages") for (const button of entry.node.querySelectorAll(".choices button")) button.disabled = true;
  }

  function status(name, key, { isFailed = false, canRetry = false, why = "" } = {}) {
    const found = pending.get(name);
    if (!found) return;
    found.node.classList.toggle("failed", isFailed);
    const button = found.node.querySelector(".status");
    button.textContent = why ? `${why} ${t(key)}` : t(key);
    button.disabled = !canRetry;
  }

  /** The server has taken it: it goes as soon as its line is here. */
  function settle(name, turn) {
    turns.set(name, turn);
    const found = pending.get(name);
    if (!found) return;
    status(name, "sent");
    if (entries.some((entry) => !entry.isPast && entry.line?.author === "user" && entry.line.turn === turn)) remove(name);
  }

  function fail(name, why) {
    status(name, "failed", { isFailed: true, canRetry: true, why });
    refreshButtons();
  }

  /** It cannot be sent, however often it is tried. */
  function refuse(name, why) {
    status(name, "dismiss", { isFailed: true, canRetry: true, why });
  }

  function delay(name, tries) {
    status(name, tries < 2 || !navigator.onLine ? "waits" : "retry", { canRetry: tries >= 2 && navigator.onLine });
  }

  function progress(name, share) {
    const bar = pending.get(name)?.node.querySelector("progress");
    if (bar) bar.value = share;
    status(name, share < 1 ? "uploading" : "sending");
  }

  function remove(name) {
    pending.get(name)?.node.remove();
    pending.delete(name);
  }

  /** In another language. */
  function redraw() {
    box.setAttribute("aria-live", "off");
    for (const entry of entries) {
      const node = entry.words ? el("div", { class: "divider", role: "separator" }, t(entry.words)) : drawLine(entry.line, deeds, pictures);
      entry.node.replaceWith(node);
      entry.node = node;
      if (entry.line) showVerdict(entry);
    }
    for (const { item } of [...pending.values()]) {
      const isFailed = pending.get(item.name).node.classList.contains("failed");
      addPending(item);
      if (isFailed) fail(item.name, "");
    }
    refreshButtons();
    clearTimeout(waking);
    waking = setTimeout(() => box.setAttribute("aria-live", "polite"), 1000);
  }

  function isNear() {
    return rest() - scroller.scrollTop < NEAR_PX;
  }

  /** Where reading goes on: at the end, or where the last answer begins if its end would push that out of sight. */
  function rest() {
    const end = scroller.scrollHeight - scroller.clientHeight;
    const lines = entries.filter((entry) => !entry.isPast && entry.line);
    const latest = lines.at(-1)?.line.turn;
    const answer = lines.find((entry) => entry.line.turn === latest && entry.line.body.type === "answer");
    if (!answer || lines.at(-1).line.author !== "bot" || pending.size) return end;
    return Math.min(end, answer.node.offsetTop - 12);
  }

  function keepEnd(near) {
    if (near) scroller.scrollTop = rest();
    else $("latest").hidden = false;
  }

  function toEnd() {
    scroller.scrollTop = rest();
    $("latest").hidden = true;
  }

  /** Marks an answer as judged by its button. */
  function judgeByButton(judgedLine, isHelpful) {
    judge(judgedLine, isHelpful);
    unheard.push(entries.find((entry) => entry.line === judgedLine));
  }

  /** The server did not take the verdict: its buttons are back. */
  function unjudge(seq) {
    const entry = entries.find((other) => !other.isPast && other.line?.seq === seq);
    if (!entry) return;
    const at = unheard.indexOf(entry);
    if (at >= 0) unheard.splice(at, 1);
    delete entry.judged;
    delete judged.answers[seq];
    keepJson("judged", judged);
    const node = drawLine(entry.line, deeds, pictures);
    entry.node.replaceWith(node);
    entry.node = node;
  }

  function judge(judgedLine, isHelpful) {
    judged.answers[judgedLine.seq] = isHelpful;
    keepJson("judged", judged);
    const entry = entries.find((other) => other.line === judgedLine);
    if (entry) entry.judged = isHelpful;
  }

  function forgetVerdicts() {
    judged = { answers: {}, turns: {} };
    unheard.length = 0;
    keepJson("judged", judged);
  }
}
