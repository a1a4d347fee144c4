// One conversation: opened when something is said, gone on with after a reload, and followed. Lines are known by their number.

import { event, keep, keepJson, readJson } from "/assets/widget-host.js";
import { makeOutbox } from "/assets/widget-outbox.js";
import { Refusal, at, backoff, request } from "/assets/widget-requests.js";
import { follow } from "/assets/widget-stream.js";

const CHECK_MS = 25000;
const CHECK_IN_QUEUE_MS = 8000;
// A stream that ends sooner was not worth trusting: the next one is waited for longer.
const STEADY_MS = 5000;
const PART = 200;
const KEPT_LINES = 200;
// An answer whose lines have not come by then is asked for.
const LATE_LINES_MS = 2000;
// More lines at once are history.
const MANY = 8;

/** A conversation that tells `view` what to show; `opening` gives what a new one begins with. */
export function talk(view, opening) {
  let conversation = readJson("conversation");
  let lines = new Map();
  let last = 0;
  let state = null;
  let isOpen = false;
  let stream = null;
  let kind = "socket";
  let attempts = 0;
  let unopened = 0;
  let isConnecting = false;
  let reconnect = 0;
  let arriving = null;
  let restate = 0;
  let rekeep = 0;
  let change = null;
  let canAmend = true;
  const retired = new Set();
  const outbox = makeOutbox(view, { open: ensure, current: () => conversation, gone: () => retire("gone"), answered });

  return {
    begin, shown, say, retry: outbox.retry, fresh, logout, amend, hearKept, opened, conversation: () => conversation, state: () => state,
    hasLines: () => lines.size > 0, wake,
  };

  /** Shows what was kept at once, and goes on from there. */
  function begin(isShown) {
    isOpen = isShown;
    const kept = readJson("lines");
    if (conversation && kept?.id === conversation.id && Array.isArray(kept.lines)) {
      for (const line of kept.lines) note(line);
      view.replayed([...lines.values()]);
    }
    outbox.begin();
    addEventListener("online", wake);
    addEventListener("offline", lost);
    addEventListener("pageshow", wake);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) wake(); });
    if (!navigator.onLine) view.trouble(new Refusal(0));
    connect();
    outbox.flush();
    watch();
  }

  /** The window was opened or closed: a conversation that nobody looks at and nobody answers is not followed. */
  function shown(isShown) {
    isOpen = isShown;
    if (isShown) wake();
    else if (!isFollowed()) leave();
  }

  function withPeople() {
    return state?.state === "queued" || state?.state === "with_agent";
  }

  function isFollowed() {
    return isOpen || withPeople();
  }

  async function connect() {
    if (!conversation || isConnecting || stream) return;
    clearTimeout(reconnect);
    isConnecting = true;
    const mine = conversation;
    try {
      await refresh(mine);
      if (conversation === mine && isFollowed() && state?.state !== "closed") listen(mine);
      if (conversation === mine) {
        view.trouble(null);
        sendChange();
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (conversation === mine && error.isGone) retire("gone");
      else if (conversation === mine) {
        view.trouble(error);
        connectLater();
      }
    } finally {
      isConnecting = false;
    }
    if (conversation && conversation !== mine) connect();
  }

  function listen(mine) {
    const from = Date.now();
    stream = follow(mine, last, {
      opened() {
        unopened = 0;
        view.trouble(null);
        outbox.flush();
      },
      line: take,
      ended(wasOpen) {
        stream = null;
        if (Date.now() - from > STEADY_MS) attempts = 0;
        // What stands between may let no sockets through.
        if (!wasOpen) unopened += 1;
        if (!wasOpen && unopened % 2 === 0) kind = kind === "socket" ? "events" : "socket";
        connectLater();
      },
    }, kind);
  }

  function connectLater() {
    clearTimeout(reconnect);
    if (!isFollowed() && state) return;
    reconnect = setTimeout(connect, backoff(attempts));
    attempts += 1;
  }

  function leave() {
    clearTimeout(reconnect);
    stream?.close();
    stream = null;
  }

  /** The network or the window is back. */
  function wake() {
    attempts = 0;
    if (stream?.isLive) check();
    else {
      leave();
      connect();
    }
    outbox.hurry();
  }

  function lost() {
    leave();
    view.trouble(new Refusal(0));
    connectLater();
  }

  async function refresh(mine) {
    const seen = await request("GET", at(mine), { token: mine.token });
    await catchUp(mine);
    if (conversation === mine) setState(seen);
  }

  async function catchUp(mine) {
    for (;;) {
      const part = await request("GET", at(mine, `/messages?after=${last}&limit=${PART}`), { token: mine.token });
      if (conversation !== mine) return;
      const fresh = part.messages.filter((line) => !lines.has(line.seq));
      if (fresh.length > MANY) {
        for (const line of fresh) note(line);
        view.replayed(fresh);
      } else fresh.forEach(take);
      if (part.messages.length < PART) return;
    }
  }

  function watch() {
    const pause = state?.state === "queued" ? CHECK_IN_QUEUE_MS : CHECK_MS;
    setTimeout(() => check().finally(watch), pause);
  }

  /** Whether the stream still brings what the server has. */
  async function check() {
    if (!conversation || !isFollowed() || (document.hidden && !withPeople()) || state?.state === "closed") return;
    if (!stream) return connect();
    const mine = conversation;
    try {
      const seen = await request("GET", at(mine), { token: mine.token });
      if (conversation !== mine) return;
      setState(seen);
      view.trouble(null);
      if (seen.last_seq <= last) return;
      await pause(1500);
      const before = last;
      if (conversation !== mine || before >= seen.last_seq) return;
      await catchUp(mine);
      if (last > before) restart();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (conversation !== mine) return;
      if (error.isGone) return retire("gone");
      if (!error.mayPass) return;
      view.trouble(error);
      restart();
    }
  }

  function restart() {
    leave();
    connectLater();
  }

  function note(line) {
    lines.set(line.seq, line);
    last = Math.max(last, line.seq);
    clearTimeout(rekeep);
    rekeep = setTimeout(keepLines, 400);
  }

  function take(line) {
    if (lines.has(line.seq)) return;
    note(line);
    view.line(line);
    if (line.author !== "user") event("message", { role: line.author, text: line.body.text, type: line.body.type });
    if (line.author === "agent" || line.author === "system" || line.body.type === "notice" || line.body.type === "handoff") stateLater();
  }

  /** The lines are kept for a reload without a network; where they are too many, none, and the server is asked for all. */
  function keepLines() {
    if (!conversation) return;
    const text = lines.size > KEPT_LINES ? null : JSON.stringify({ id: conversation.id, lines: [...lines.values()] });
    keep("lines", text && text.length < 250000 ? text : null);
  }

  /** Somebody else did something; once for many lines. */
  function stateLater() {
    clearTimeout(restate);
    restate = setTimeout(async () => {
      const mine = conversation;
      if (!mine) return;
      const seen = await request("GET", at(mine), { token: mine.token }).catch(() => null);
      if (seen && conversation === mine) setState(seen);
    }, 250);
  }

  function setState(seen) {
    // What was asked for before the last message was answered comes too late.
    if (state?.turn > seen.turn) return;
    state = { ...state, ...seen };
    view.state(state);
  }

  /** A conversation that takes what comes. */
  function opened() {
    if (state?.state === "closed") fresh();
    return ensure();
  }

  /** The conversation; asked for twice at once, also in two tabs, it is opened once. */
  function ensure() {
    if (conversation) return Promise.resolve(conversation);
    arriving ??= alone(async () => {
      const other = readJson("conversation");
      if (other?.id && !retired.has(other.id)) return adopt(other);
      const { body, who } = opening();
      const made = await request("POST", "/conversations", { body }).catch((error) => {
        const isRefused = body.identity && error instanceof Refusal && [400, 401, 403, 422].includes(error.status);
        if (!isRefused) throw error;
        // Whoever cannot prove who they are still needs help.
        event("error", { code: "identity-refused", status: error.status });
        const { identity, ...rest } = body;
        return request("POST", "/conversations", { body: rest });
      });
      const mine = { id: made.conversation_id, token: made.token, who };
      keepJson("conversation", mine);
      event("conversation", { id: mine.id });
      return adopt(mine);
    }).finally(() => { arriving = null; });
    return arriving;
  }

  function adopt(mine) {
    conversation = mine;
    connect();
    return mine;
  }

  /** Ends with this conversation: what was said stays to be read. */
  function retire(why) {
    if (conversation) retired.add(conversation.id);
    leave();
    conversation = null;
    lines = new Map();
    last = 0;
    state = null;
    change = null;
    clearTimeout(rekeep);
    view.retired(why);
    view.state({ state: "idle", handoff: null, tickets: [] });
    outbox.flush();
  }

  /** Begins anew because the person wants it. */
  function fresh() {
    keep("conversation", null);
    keep("lines", null);
    retire("fresh");
  }

  function logout() {
    outbox.clear();
    keep("conversation", null);
    keep("lines", null);
    retire("logout");
    view.cleared();
  }

  /** Says something, or does what is done by a request; `shown` is what stands there until it is taken. */
  function say(path, body, shown) {
    if (state?.state === "closed" && path === "messages") fresh();
    return outbox.say(path, body, shown);
  }

  /** The server has taken something that was said. */
  async function answered(mine, turn) {
    view.trouble(null);
    if (conversation !== mine) return;
    setState(turn);
    if (stream?.isLive) setTimeout(() => { if (conversation === mine && !hasTurn(turn)) catchUp(mine).catch(() => {}); }, LATE_LINES_MS);
    else await catchUp(mine).catch(() => {});
    if (!stream) connect();
  }

  function hasTurn(turn) {
    return !turn.replies?.length || [...lines.values()].some((line) => line.turn === turn.turn && line.author !== "user");
  }

  /** Tells the server of another page or language; later, where it cannot be told now. */
  function amend(changed) {
    change = { ...change, ...changed };
    sendChange();
  }

  async function sendChange() {
    if (!conversation || !change || !canAmend) return;
    const told = change;
    const mine = conversation;
    change = null;
    try {
      await request("PATCH", at(mine), { token: mine.token, body: told });
    } catch (error) {
      if (error.status === 404 || error.status === 405) canAmend = false;
      else if (error.mayPass && conversation === mine) change = { ...told, ...change };
    }
  }

  /** Another tab has changed what is kept. */
  function hearKept({ key, value }) {
    if (key === "conversation") {
      const other = value && readJson("conversation");
      if (!value && conversation) return logout();
      if (!other?.id || other.id === conversation?.id || retired.has(other.id)) return;
      if (conversation) retire("gone");
      adopt(other);
    } else outbox.hearKept(key, value);
  }
}

/** Runs one at a time over all tabs, where the browser has locks and gives them to frames of other sites. */
async function alone(work) {
  let result;
  const begun = () => (result = work());
  await navigator.locks?.request("yunzhu.open", begun).catch(() => {});
  return result ?? work();
}

const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));
