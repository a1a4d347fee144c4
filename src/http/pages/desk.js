// The desk of agents: sign in, presence, incidents and the queue with its clocks. One ticket is in ticket.js.

import { $, Refusal, api, el, loadTexts, switchLanguage, t, word } from "/assets/base.js";
import { clock } from "/assets/clock.js";
import { closeTicket, openTicket, refreshTicket, shownTicket } from "/assets/ticket.js";

const FILTERS = {
  open: { status: "new,waiting,assigned,in_progress,waiting_customer" },
  waiting: { status: "new,waiting" },
  mine: { agent: "me", status: "assigned,in_progress,waiting_customer" },
  ended: { status: "resolved,closed,cancelled" },
};
let account = null;
let changes = null;
let heart = null;
let loading = null;
let again = false;

await loadTexts();
document.title = t("desk.title");
for (const button of document.querySelectorAll("[data-switch-language]")) button.addEventListener("click", switchLanguage);
$("sign-in").addEventListener("submit", signIn);
$("sign-out").addEventListener("click", signOut);
$("filter").addEventListener("change", refresh);
$("available").addEventListener("change", beat);
addEventListener("desk-trouble", (event) => trouble(event.detail));
addEventListener("desk-acted", refresh);
enter();

async function enter() {
  try {
    account = await api("GET", "/sessions/current");
  } catch (error) {
    if (error.status !== 401) {
      signInTrouble(error);
      setTimeout(enter, 3000);
    }
    $("entry").hidden = false;
    $("desk").hidden = true;
    $("name").focus();
    return;
  }
  $("entry").hidden = true;
  $("desk").hidden = false;
  $("who").textContent = `${account.name} · ${word("role", account.role)}`;
  $("available").checked = sessionStorage.getItem("yunzhu.available") !== "no";
  listen();
  heart ??= new Worker("/assets/heartbeat.js");
  heart.onmessage = beat;
  beat();
  const named = decodeURIComponent(location.hash.slice(1));
  if (named) open(named);
}

async function signIn(event) {
  event.preventDefault();
  const button = event.submitter;
  if (button) button.disabled = true;
  try {
    await api("POST", "/sessions", { body: { name: $("name").value, password: $("password").value } });
    $("password").value = "";
    $("sign-in-trouble").hidden = true;
    await enter();
  } catch (error) {
    signInTrouble(error);
  } finally {
    if (button) button.disabled = false;
  }
}

function signInTrouble(error) {
  $("sign-in-trouble").textContent = error.status === 401 ? t("desk.refused") : (error.words ?? String(error));
  $("sign-in-trouble").hidden = false;
}

async function signOut() {
  $("available").checked = false;
  await beat();
  await api("DELETE", "/sessions/current").catch(() => {});
  location.replace("/desk");
  location.reload();
}

/** Tells that the agent is there; without it for 30 s, the work goes to somebody else. */
async function beat() {
  if (!account) return;
  const available = $("available").checked;
  sessionStorage.setItem("yunzhu.available", available ? "yes" : "no");
  $("presence").textContent = t(available ? "desk.available" : "desk.away");
  try {
    await api("POST", "/presence", { body: { available } });
    $("trouble").hidden = true;
  } catch (error) {
    trouble(error);
  }
}

/** Hears of changes, and fetches the queue after each. */
function listen() {
  changes?.close();
  changes = new EventSource("/api/v1/desk/events");
  changes.onopen = () => { $("connection").textContent = ""; };
  changes.onmessage = refresh;
  changes.addEventListener("bye", () => { $("connection").textContent = t("desk.reconnecting"); });
  changes.onerror = () => {
    $("connection").textContent = t("desk.reconnecting");
    // A refused stream is not tried again by the browser.
    if (changes.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  };
}

/** Fetches queue and incidents; asked while it is at it, it does so once more. */
async function refresh() {
  if (loading) {
    again = true;
    return loading;
  }
  loading = (async () => {
    do {
      again = false;
      try {
        const filter = new URLSearchParams({ ...FILTERS[$("filter").value], limit: "200" });
        const [{ tickets }, { incidents }] = await Promise.all([api("GET", `/tickets?${filter}`), api("GET", "/incidents")]);
        showTickets(tickets);
        showIncidents(incidents);
        if (shownTicket()) await refreshTicket();
      } catch (error) {
        trouble(error);
      }
    } while (again);
  })();
  await loading;
  loading = null;
}

function showTickets(tickets) {
  const focused = document.activeElement?.dataset?.ticket;
  $("tickets").replaceChildren(...tickets.map((ticket) => el("li", {}, row(ticket))));
  $("count").textContent = t("desk.count", { count: tickets.length });
  $("nothing").hidden = tickets.length > 0;
  if (focused) document.querySelector(`[data-ticket="${CSS.escape(focused)}"]`)?.focus();
}

function row(ticket) {
  const { id, need, priority, status, person, vip, queue, agent, product_name: product } = ticket;
  const chips = [el("span", { class: `chip ${priority}` }, priority)];
  if (vip) chips.push(el("span", { class: "chip vip" }, "VIP"));
  if (product) chips.push(el("span", { class: "chip" }, product));
  chips.push(el("span", { class: "end soft" }, word("status", status)));
  const foot = [el("span", { class: "soft" }, agent ? t("desk.with", { agent }) : word("queue", queue)), clock(ticket)];
  return el(
    "button",
    { type: "button", class: priority, "data-ticket": id, "aria-current": shownTicket() === id && "true", onclick: () => open(id) },
    el("span", { class: "row" }, chips),
    el("span", { class: "need" }, need || t("desk.no_need")),
    el("span", { class: "row soft" }, [id, person?.name].filter(Boolean).join(" · ")),
    el("span", { class: "row" }, foot),
  );
}

function showIncidents(incidents) {
  const shown = JSON.stringify(incidents);
  if ($("incidents").dataset.shown === shown) return;
  $("incidents").dataset.shown = shown;
  $("incidents").replaceChildren(...incidents.map(incident));
}

function incident(it) {
  const facts = it.facts ?? it;
  const open = it.status === "open";
  const words = t(open ? "incident.open" : "incident.known", { what: [facts.product, facts.region, word("kind", facts.kind)].filter(Boolean).join(" · ") || it.fingerprint || it.id, reports: it.reports ?? facts.reports ?? 1 });
  const stop = async () => {
    try {
      await api("POST", `/incidents/${encodeURIComponent(it.id)}/acknowledge`);
      await refresh();
    } catch (error) {
      trouble(error);
    }
  };
  return el("div", { class: `incident ${open ? "" : "known"}` }, el("span", {}, words), open ? el("button", { type: "button", onclick: stop }, t("incident.acknowledge")) : null);
}

async function open(id) {
  $("desk").classList.add("opened");
  history.replaceState(null, "", `#${encodeURIComponent(id)}`);
  await openTicket(id, account, back);
  for (const button of document.querySelectorAll("[data-ticket]")) {
    if (button.dataset.ticket === id) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

function back() {
  closeTicket();
  $("desk").classList.remove("opened");
  history.replaceState(null, "", "/desk");
  refresh();
}

function trouble(error) {
  if (error instanceof Refusal && error.status === 401) {
    account = null;
    changes?.close();
    return enter();
  }
  $("trouble").textContent = error.status >= 400 && error.status < 500 && error.problem?.detail ? `${error.words} ${error.problem.detail}` : (error.words ?? String(error));
  $("trouble").hidden = false;
}
