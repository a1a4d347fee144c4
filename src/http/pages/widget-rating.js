// Stars for a conversation that has been resolved or closed.

import { $, el } from "/assets/elements.js";
import { t } from "/assets/widget-texts.js";

const ROWS = ["response", "resolution", "communication"];

/** Asks for stars; `given` gets them, or null where the person does not want to. */
export function askForStars(given) {
  const stars = {};
  const send = el("button", { class: "primary", disabled: true }, t("stars.send"));
  const row = (name) => {
    const choices = [1, 2, 3, 4, 5].map((count) => {
      const input = el("input", {
        type: "radio", name, value: String(count), class: "visually-hidden", "aria-label": t("stars.count", { count }),
        onchange: () => {
          stars[name] = count;
          choices.forEach((label, at) => label.classList.toggle("lit", at < count));
          send.disabled = false;
        },
      });
      return el("label", {}, input, el("span", { "aria-hidden": "true" }, "★"));
    });
    return el("fieldset", {}, el("legend", {}, t(`stars.${name}`)), el("div", { class: "stars" }, choices));
  };
  const form = el("form", { class: "card", "aria-label": t("stars.ask") }, el("p", {}, t("stars.ask")), ROWS.map(row),
    el("div", { class: "row" }, send, el("button", { type: "button", class: "quiet", onclick: () => given(null) }, t("stars.skip"))));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    given(stars);
  });
  $("rating").replaceChildren(form);
}

/** The question for stars goes. */
export const hideStars = () => $("rating").replaceChildren();
