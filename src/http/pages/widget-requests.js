// Requests, and what comes of them when they fail.

import { has, t } from "/assets/widget-texts.js";

// A request that takes longer has lost its way: it is sent again under the same name.
const PATIENCE_MS = 35000;

/** What the server refused, or that it was not reached (status 0). */
export class Refusal extends Error {
  constructor(status, problem, wait) {
    super(problem?.detail || `HTTP ${status}`);
    this.status = status;
    this.kind = (problem?.type || "").split(":").pop();
    this.field = problem?.field;
    this.wait = wait;
  }

  /** Whether the same again may succeed. */
  get mayPass() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }

  /** Whether the conversation cannot be gone on with. */
  get isGone() {
    return this.status === 401 || this.status === 403 || this.status === 404 || this.status === 410;
  }

  /** In the person's words. */
  get words() {
    if (this.status === 0) return t(navigator.onLine ? "problem.unreachable" : "problem.offline");
    if (this.status === 503 || this.status === 502 || this.status === 504) return t("problem.unavailable");
    return has(`problem.${this.kind}`) ? t(`problem.${this.kind}`) : t("problem.other", { status: this.status });
  }
}

/** One request; gives JSON, or null where there is none. */
export async function request(method, path, { body, token } = {}) {
  const headers = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), PATIENCE_MS);
  let response;
  let json;
  try {
    response = await fetch(`/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: "omit", signal: late.signal });
    json = response.status === 204 ? null : await response.json().catch(() => null);
  } catch {
    throw new Refusal(0);
  } finally {
    clearTimeout(timer);
  }
  if (!response.ok) throw new Refusal(response.status, json, Number(response.headers.get("Retry-After")) || undefined);
  // A portal of a hotel or a proxy answers 200 with its own page.
  if (json === null && response.status !== 204) throw new Refusal(0);
  return json;
}

/** Uploads a file and tells how far it is, 0 to 1. */
export function upload(path, token, file, progress) {
  return new Promise((taken, refused) => {
    const form = new FormData();
    form.append("file", file, file.name || "image.png");
    const sender = new XMLHttpRequest();
    sender.open("POST", `/api/v1${path}`);
    sender.setRequestHeader("Authorization", `Bearer ${token}`);
    sender.responseType = "json";
    sender.upload.onprogress = (event) => { if (event.lengthComputable) progress(event.loaded / event.total); };
    sender.onload = () => {
      if (sender.status === 201 && sender.response?.attachment) taken(sender.response);
      else refused(new Refusal(sender.status, sender.response, Number(sender.getResponseHeader("Retry-After")) || undefined));
    };
    sender.onerror = sender.ontimeout = sender.onabort = () => refused(new Refusal(0));
    sender.send(form);
  });
}

/** The path of a conversation. */
export const at = (conversation, more = "") => `/conversations/${encodeURIComponent(conversation.id)}${more}`;

/** An id that nobody else makes up; also where pages have no TLS and so no `randomUUID`. */
export const freshId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const LONGEST_WAIT_S = 30;

/** How long to wait, in ms: from half a second, doubled each time, with chance in it so that not all come back at once. */
export const backoff = (attempt) => Math.min(LONGEST_WAIT_S, 0.5 * 2 ** attempt) * 1000 * (0.6 + Math.random() * 0.6);
