// Clocks of a ticket that run down on the page.

import { el, span, t } from "/assets/base.js";

setInterval(() => document.querySelectorAll("[data-clock]").forEach(run), 1000);

/** The clock that is next: the response while nobody has answered, then the resolution. */
export function clock(ticket) {
  const clocks = ticket.clocks ?? {};
  const which = clocks.response && !clocks.response.met_at ? "response" : "resolution";
  return countdown(which, clocks);
}

/** One clock, kept running. */
export function countdown(which, clocks) {
  const view = clocks[which];
  const node = el("span", { class: "clock end", "data-clock": which });
  if (!view) return node;
  if (view.due_at) node.dataset.due = view.due_at;
  if (view.target_s) node.dataset.target = view.target_s;
  if (clocks.paused) node.dataset.paused = "yes";
  if (view.met_at) node.dataset.met = view.met_at;
  if (view.breached) node.dataset.breached = "yes";
  run(node);
  return node;
}

function run(node) {
  const { clock: which, due, target, paused, met, breached } = node.dataset;
  const name = t(`clock.${which}`);
  const left = (Number(due) - Date.now()) / 1000;
  let [words, look] = ["", ""];
  if (met !== undefined) [words, look] = [t("clock.met", { clock: name }), breached ? "late" : "met"];
  else if (paused !== undefined) [words, look] = [t("clock.paused", { clock: name }), ""];
  else if (due === undefined) [words, look] = ["", ""];
  else if (left < 0) [words, look] = [t("clock.late", { clock: name, time: span(-left) }), "late"];
  else [words, look] = [t("clock.left", { clock: name, time: span(left) }), left < Number(target) / 5 ? "soon" : ""];
  if (node.textContent !== words) node.textContent = words;
  node.className = `clock end ${look}`;
}
