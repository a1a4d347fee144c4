// The lines of a conversation as they come: over a WebSocket, or where none opens, as a stream of events.

import { at } from "/assets/widget-requests.js";

// The server sends a comment every 15 s: a stream that is silent for longer is dead.
const SILENCE_MS = 50000;
// A socket that takes longer to open is held up by something in between.
const OPENING_MS = 10000;

/** Follows from the line after `after` on. `ended` is told once, and whether it had ever been open. */
export function follow(conversation, after, { opened, line, ended }, kind) {
  const state = { isOpen: false, isOver: false };
  const over = () => {
    if (state.isOver) return;
    state.isOver = true;
    ended(state.isOpen);
  };
  const handlers = {
    over,
    opened() {
      state.isOpen = true;
      opened();
    },
    line: (received) => { if (!state.isOver) line(received); },
  };
  const stop = kind === "socket" ? overSocket(conversation, after, handlers) : overEvents(conversation, after, handlers);
  return {
    get isLive() { return state.isOpen && !state.isOver; },
    close() {
      state.isOver = true;
      stop();
    },
  };
}

function overSocket(conversation, after, { opened, line, over }) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/api/v1${at(conversation)}/ws?after=${after}`, ["yunzhu", conversation.token]);
  const late = setTimeout(() => socket.close(), OPENING_MS);
  socket.onopen = () => {
    clearTimeout(late);
    opened();
  };
  socket.onmessage = (event) => {
    const received = parsed(event.data);
    if (received?.type === "message") line(received);
  };
  socket.onclose = () => {
    clearTimeout(late);
    over();
  };
  return () => socket.close();
}

function overEvents(conversation, after, { opened, line, over }) {
  const stop = new AbortController();
  let timer;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(), SILENCE_MS);
  };
  heard();
  (async () => {
    const headers = { Authorization: `Bearer ${conversation.token}`, Accept: "text/event-stream" };
    const response = await fetch(`/api/v1${at(conversation)}/events?after=${after}`, { headers, credentials: "omit", signal: stop.signal });
    if (!response.ok || !response.body) return;
    opened();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      const events = (rest + value).replace(/\r\n?/g, "\n").split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const data = event.split("\n").filter((part) => part.startsWith("data:")).map((part) => part.slice(5).trimStart()).join("\n");
        const received = data && parsed(data);
        if (received?.type === "message") line(received);
      }
    }
  })().catch(() => {}).finally(() => {
    clearTimeout(timer);
    over();
  });
  return () => stop.abort();
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
