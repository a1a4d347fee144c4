// What was said and is not taken yet: kept until it is, sent one after the other, and again under the same name, so that
// nothing is lost and nothing doubled.

import { event, keep, keepJson, keys, readJson } from "/assets/widget-host.js";
import { Refusal, at, backoff, freshId, request } from "/assets/widget-requests.js";

const OUT = "out.";
// Messages of another tab are that tab's to send, unless it is gone.
const OTHERS_MS = 10000;

/** An outbox. `talk`: open() gives the conversation, current() that which is open, gone() ends with it, answered(it, turn). */
export function makeOutbox(view, talk) {
  const out = new Map();
  let isFlushing = false;
  let tries = 0;
  let reflush = 0;

  return { begin, say, retry, flush, hurry, clear, hearKept };

  /** Shows what an earlier page has left. */
  function begin() {
    for (const key of keys(OUT)) {
      const item = readJson(key);
      // Pictures of an earlier page are gone with it.
      if (item?.name) out.set(item.name, { ...item, picture: undefined });
    }
    for (const item of inOrder()) view.pending(item);
  }

  /** Sends as soon as it can be. `shown` is what stands there until then. */
  function say(path, body, shown = {}) {
    const item = { name: freshId(), path, body, at: Date.now(), of: talk.current()?.id ?? null, ...shown };
    out.set(item.name, item);
    keepJson(OUT + item.name, item);
    view.pending(item);
    flush();
    return item;
  }

  /** Tries again what was refused; false where it is not here. */
  function retry(name) {
    const item = out.get(name);
    if (!item) return false;
    delete item.failed;
    keepJson(OUT + name, item);
    view.pending(item);
    hurry();
    return true;
  }

  function hurry() {
    tries = 0;
    flush();
  }

  function clear() {
    for (const name of out.keys()) {
      keep(OUT + name, null);
      view.forgotten(name);
    }
    out.clear();
  }

  function inOrder() {
    return [...out.values()].sort((one, other) => one.at - other.at);
  }

  function next() {
    return inOrder().find((item) => !item.failed && (!item.isForeign || Date.now() - item.at > OTHERS_MS));
  }

  async function flush() {
    if (isFlushing || !out.size) return;
    isFlushing = true;
    clearTimeout(reflush);
    try {
      for (let item = next(); item; item = next()) if (!(await deliver(item))) return;
    } finally {
      isFlushing = false;
      view.working(null);
    }
  }

  /** Sends one; false: the rest must wait. */
  async function deliver(item) {
    view.working(item);
    let mine = null;
    try {
      mine = await talk.open();
      const isElsewhere = item.of && item.of !== mine.id;
      // A verdict or a choice means nothing in another conversation.
      if (isElsewhere && (item.path !== "messages" || item.body.text === undefined)) {
        drop(item);
        view.refused(item, new Refusal(410, { type: "not-found" }));
        return true;
      }
      const turn = await request("POST", at(mine, `/${item.path}`), { token: mine.token, body: { ...item.body, client_message_id: item.name } });
      tries = 0;
      if (!out.has(item.name)) return true;
      drop(item);
      view.settled(item, turn.turn);
      await talk.answered(mine, turn);
      return true;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return undelivered(item, mine, error);
    }
  }

  function undelivered(item, mine, error) {
    if (mine && error.isGone && !item.isMoved) {
      item.isMoved = true;
      if (talk.current() === mine) talk.gone();
      return true;
    }
    if (!error.mayPass) {
      item.failed = true;
      // It would be refused again after a reload; until then it can be tried again by hand.
      keep(OUT + item.name, null);
      view.failed(item, error);
      event("error", { code: error.kind || "refused", status: error.status });
      return true;
    }
    view.trouble(error);
    view.delayed(item, tries);
    reflush = setTimeout(flush, error.wait ? error.wait * 1000 : backoff(tries));
    tries += 1;
    return false;
  }

  function drop(item) {
    out.delete(item.name);
    keep(OUT + item.name, null);
  }

  /** Another tab says something, or has sent it. */
  function hearKept(key, value) {
    if (!key.startsWith(OUT)) return;
    const name = key.slice(OUT.length);
    if (!value) {
      if (!out.delete(name)) return;
      view.forgotten(name);
    } else if (!out.has(name)) {
      const item = { ...readJson(key), isForeign: true };
      if (item.name !== name) return;
      out.set(name, item);
      view.pending(item);
      setTimeout(flush, OTHERS_MS + 500);
    }
  }
}
