// What the tests stand on: a browser, the desk's API, and a page of somebody else with the window on it.

import { createServer } from "node:http";
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

export const BASE = process.env.BASE ?? "http://127.0.0.1:8190";
const SHOTS = process.env.SHOTS ?? new URL("../../target/widget-shots/", import.meta.url).pathname;
mkdirSync(SHOTS, { recursive: true });

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/** A context whose pages must not log errors, apart from what is expected. */
export async function person(browser, { expected = [], ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "zh-CN", ...options });
  const troubles = [];
  context.on("page", (page) => {
    page.on("pageerror", (error) => troubles.push(`page error: ${error.message}`));
    page.on("console", (message) => {
      const text = message.text();
      if (/Content Security Policy|Refused to/i.test(text)) troubles.push(text);
    });
    page.on("dialog", (dialog) => {
      troubles.push(`a dialog opened: ${dialog.message()}`);
      dialog.dismiss();
    });
  });
  return { context, troubles: () => troubles.filter((one) => !expected.some((pattern) => pattern.test(one))) };
}

/** The window on a page. */
export function windowOf(page) {
  const frame = page.frameLocator("#yunzhu-widget iframe");
  const at = (selector, options) => frame.locator(selector, options);
  return {
    at,
    launcher: page.locator("#yunzhu-widget .launcher"),
    panel: page.locator("#yunzhu-widget .panel"),
    open: async () => {
      await page.locator("#yunzhu-widget .launcher[aria-expanded=false]").click();
      await at("#words").waitFor();
      await at("#welcome .greeting").waitFor();
    },
    say: async (text) => {
      await at("#words").fill(text);
      await at("#send").click();
    },
    settled: () => at("#sending > *").first().waitFor({ state: "detached" }),
    shot: (name) => page.screenshot({ path: `${SHOTS}/${name}.png`, animations: "disabled" }),
    frame: async () => (await (await page.locator("#yunzhu-widget iframe").elementHandle()).contentFrame()),
  };
}

/** What the page keeps of the conversation. */
export const kept = (page, site = "console") => page.evaluate((key) => JSON.parse(localStorage.getItem(key)), `yunzhu.${site}.conversation`);

/** The transcript as the server has it. */
export async function transcript({ id, token }) {
  const answer = await call("GET", `/conversations/${id}/messages?after=0`, undefined, token);
  return answer.messages;
}

export async function call(method, path, body, token) {
  const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(`${BASE}/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const json = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status} ${JSON.stringify(json)}`);
  return json;
}

/** Somebody at the desk who stays there until `leave`. */
export async function agent() {
  const [name, ...password] = (process.env.DESK_AGENT ?? "").split(":");
  const { token } = await call("POST", "/sessions", { name, password: password.join(":") });
  const here = () => call("POST", "/presence", { available: true }, token);
  await here();
  const timer = setInterval(() => here().catch(() => {}), 8000);
  const act = (ticket, action) => call("POST", `/tickets/${encodeURIComponent(ticket)}/actions`, action, token);
  return {
    act,
    leave: async () => {
      clearInterval(timer);
      await call("POST", "/presence", { available: false }, token);
    },
    ticketOf: async (conversation) => {
      const { tickets } = await call("GET", `/tickets?conversation=${conversation}`, undefined, token);
      return tickets[0].id;
    },
    finishAll: async () => {
      const { tickets } = await call("GET", "/tickets?status=new,waiting,assigned,in_progress,waiting_customer&limit=500", undefined, token);
      for (const { id, status } of tickets) {
        if (status !== "in_progress") await act(id, { do: "take" }).catch(() => {});
        await act(id, { do: "resolve" }).catch(() => {});
      }
    },
  };
}

/** A page of another origin with a strict policy: scripts and frames of the window's server only. It stands at HOST_PORT, which the server allows. */
export async function host(body, { own = "", policy } = {}) {
  const strict = policy ?? `default-src 'none'; script-src ${BASE}${own ? " 'self'" : ""}; frame-src ${BASE}`;
  const server = createServer((request, response) => {
    if (request.url === "/own.js") {
      response.setHeader("Content-Type", "text/javascript");
      return response.end(own);
    }
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.setHeader("Content-Security-Policy", strict);
    response.end(`<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>host</title>${body}</head><body><h1>Host</h1></body></html>`);
  });
  await new Promise((ready) => server.listen(Number(process.env.HOST_PORT ?? 0), "127.0.0.1", ready));
  // Another site than the server's, not only another port.
  return { url: `http://localhost:${server.address().port}/`, close: () => new Promise((closed) => { server.closeAllConnections(); server.close(closed); }) };
}
