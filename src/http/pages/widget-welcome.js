// The first words, and questions that are often asked about the product that is looked at.

import { $, el } from "/assets/elements.js";
import { has, t } from "/assets/widget-texts.js";

const SAME = { disk: "ebs", mysql: "rds", clb: "slb", alb: "slb", dns: "domain", finance: "expense", billing: "expense" };

/** Shows them; the questions only where `isNew`, since later they are in the way. */
export function welcome(product, isNew, ask) {
  const code = SAME[product] ?? product;
  const about = code && has(`quick.${code}.1`) ? code : "general";
  const parts = [el("p", { class: "greeting" }, t("greeting"))];
  if (isNew) {
    const questions = [1, 2, 3, 4].map((number) => t(`quick.${about}.${number}`));
    const items = questions.map((question) => el("li", {}, el("button", { type: "button", onclick: () => ask(question) }, question)));
    parts.push(el("p", { class: "soft" }, t("quick.title")), el("ul", { class: "quick" }, items));
  }
  $("welcome").replaceChildren(...parts);
}
