// A console as customers have one, with made-up instances: it shows how a page puts the help window on it.

import { $, el } from "/assets/elements.js";

const STORED = "yunzhu.console.language";
const READY_MS = 30000;
const STARTING_MS = 2000;
// Code, name, and how its rows look: name, id, zone or address, kind, state, what can be asked about it.
const PRODUCTS = ["ecs", "ebs", "rds", "slb", "cdn", "oss", "domain", "expense"];
const ROWS = {
  ecs: [["web-prod-01", "i-bp1a7c3e9f0d2", "cn-hangzhou-h", "ecs.g7.xlarge · 4C 16G", "running"], ["web-prod-02", "i-bp1b8d4f0a1e3", "cn-hangzhou-i", "ecs.g7.xlarge · 4C 16G", "unreachable"], ["job-batch-01", "i-bp1c9e5a1b2f4", "cn-hangzhou-h", "ecs.c7.2xlarge · 8C 16G", "busy"], ["win-office-01", "i-bp1d0f6b2c3a5", "cn-hangzhou-i", "ecs.g7.large · 2C 8G", "stopped"]],
  ebs: [["web-prod-01-sys", "d-bp10a1b2c3d4", "cn-hangzhou-h", "ESSD PL1 · 40 GiB", "running"], ["web-prod-01-data", "d-bp11b2c3d4e5", "cn-hangzhou-h", "ESSD PL1 · 500 GiB", "full"], ["job-batch-data", "d-bp12c3d4e5f6", "cn-hangzhou-h", "ESSD PL2 · 1 TiB", "running"]],
  rds: [["orders-main", "rm-bp1orders01", "cn-hangzhou-h", "MySQL 8.0 · 4C 16G", "running"], ["orders-readonly", "rr-bp1orders02", "cn-hangzhou-i", "MySQL 8.0 · 4C 16G", "busy"], ["report-pg", "pgm-bp1report", "cn-hangzhou-h", "PostgreSQL 15 · 8C 32G", "running"]],
  slb: [["lb-www", "lb-bp1www0001", "203.0.113.17", "HTTPS 443 → 8080", "unhealthy"], ["lb-internal", "lb-bp1int0002", "10.0.12.8", "TCP 3306 → 3306", "running"]],
  cdn: [["static.example.com", "cdn-0001", "static.example.com.w.cdn.example", "image · video", "running"], ["www.example.com", "cdn-0002", "www.example.com.w.cdn.example", "web", "configuring"]],
  oss: [["prod-assets", "oss-cn-hangzhou", "cn-hangzhou", "Standard · 2.4 TiB", "running"], ["log-archive", "oss-cn-hangzhou", "cn-hangzhou", "Archive · 18 TiB", "running"]],
  domain: [["example.com", "dom-0001", "ns1.example.net", "2027-03-14", "running"], ["example.cn", "dom-0002", "ns1.example.net", "2026-12-02", "expiring"]],
  expense: [["2026-11", "bill-202611", "CNY 8,412.60", "ECS · RDS · OSS", "unpaid"], ["2026-10", "bill-202610", "CNY 7,990.15", "ECS · RDS · CDN", "paid"]],
};
const TONE = { running: "good", paid: "good", busy: "warn", configuring: "warn", expiring: "warn", full: "bad", unreachable: "bad", unhealthy: "bad", unpaid: "bad", stopped: "warn" };

// Calls before the window's script is there are kept for it.
window.yunzhu ??= function queue(...call) { (queue.q ??= []).push(call); };

let texts = {};
let language = kept() ?? (/^zh/i.test(navigator.language) ? "zh-CN" : "en");
let product = PRODUCTS.includes(location.hash.slice(1)) ? location.hash.slice(1) : "ecs";

const t = (key, values = {}) => (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

await speak();
$("language").addEventListener("click", async () => {
  language = language === "en" ? "zh-CN" : "en";
  try {
    localStorage.setItem(STORED, language);
  } catch { /* It lasts as long as the page. */ }
  await speak();
  yunzhu("setLocale", language);
});
$("help").addEventListener("click", () => yunzhu("open"));
addEventListener("hashchange", () => choose(location.hash.slice(1)));
watchService();

function kept() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

async function speak() {
  texts = await (await fetch(`/assets/console-texts.${language === "en" ? "en" : "zh-CN"}.json`)).json();
  document.documentElement.lang = language;
  document.title = t("title");
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t(node.dataset.label));
  show();
}

function choose(chosen) {
  if (!PRODUCTS.includes(chosen)) return;
  product = chosen;
  show();
}

function show() {
  const name = t(`product.${product}`);
  $("products").replaceChildren(...PRODUCTS.map((code) => el("li", {}, el("button", { type: "button", "aria-current": code === product ? "page" : null, onclick: () => { location.hash = code; } }, t(`product.${code}`)))));
  $("title").textContent = name;
  $("about").textContent = t(`about.${product}`);
  $("help").textContent = t("help", { product: name });
  const rows = ROWS[product];
  const troubled = rows.filter((row) => TONE[row[4]] !== "good").length;
  $("figures").replaceChildren(...[["all", rows.length], ["fine", rows.length - troubled], ["troubled", troubled]].map(([key, count]) => el("div", { class: "figure" }, el("b", {}, String(count)), el("span", { class: "soft" }, t(`figure.${key}`)))));
  $("columns").replaceChildren(...["name", "place", "kind", "state", "action"].map((key) => el("th", { scope: "col" }, t(`column.${key}`))));
  $("rows").replaceChildren(...rows.map(drawRow));
  yunzhu("setContext", { product, page: `/console/${product}` });
}

function drawRow([name, id, place, kind, state]) {
  const question = t(`ask.${product}.${state}`) === `ask.${product}.${state}` ? t("ask.any", { name, product: t(`product.${product}`) }) : t(`ask.${product}.${state}`, { name });
  const ask = el("button", { type: "button", class: "ask", "aria-label": t("ask.about", { name }), onclick: () => yunzhu("ask", question) }, t("ask"));
  return el("tr", {}, el("td", {}, name, el("small", {}, id)), el("td", {}, place), el("td", {}, kind), el("td", {}, el("span", { class: `state ${TONE[state]}` }, t(`state.${state}`))), el("td", {}, TONE[state] === "good" ? null : ask));
}

async function watchService() {
  const isReady = await fetch("/readyz").then((response) => response.ok, () => false);
  $("service").textContent = t(isReady ? "service.ready" : "service.starting");
  $("service").classList.toggle("good", isReady);
  setTimeout(watchService, isReady ? READY_MS : STARTING_MS);
}
