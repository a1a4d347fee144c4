// One line of the transcript as elements.

import { drawing, el } from "/assets/elements.js";
import { markdown } from "/assets/markdown.js";
import { t, time } from "/assets/widget-texts.js";

const VERDICT = /^(👍|👎)(?:\s+([\s\S]*))?$/u;
const THUMB = "M7 10v11M7 10l4-8a2.7 2.7 0 0 1 2.7 3L13 9h6a2 2 0 0 1 2 2.3l-1.3 8A2 2 0 0 1 17.7 21H3V10z";
const CLIP = "M20 11.5l-8.2 8.2a5 5 0 0 1-7-7L13 4.4a3.3 3.3 0 0 1 4.7 4.7l-8.2 8.2a1.7 1.7 0 0 1-2.4-2.4l7.6-7.5";
const STARS = /^★{1,5}$/;

/** The verdict that a line stands for, or null. */
export function verdictOf(line) {
  const found = line.author === "user" ? VERDICT.exec(line.body.text) : null;
  return found && { isHelpful: found[1] === "👍", comment: found[2] };
}

/** The element of a line. `deeds` are what its buttons do; `pictures` are those that were sent from here. */
export function drawLine(line, deeds, pictures) {
  const { body } = line;
  if (line.author === "user") return own(line, pictures);
  if (body.type === "notice" || line.author === "system") return el("div", { class: "line notice" }, el("div", { class: "words" }, markdown(body.text)));
  const who = line.agent ?? t(line.author === "agent" ? "author.agent" : "author.bot");
  const node = el("div", { class: `line ${line.author}` }, el("div", { class: "who" }, `${who} · ${time(line.at)}`), el("div", { class: "words" }, content(body, deeds)));
  if (body.type === "answer") node.append(verdict(line, deeds));
  return node;
}

/** What the person sent and the server has not taken yet. */
export function drawPending(item, retry) {
  const isFile = item.isUpload || item.body?.attachment;
  const words = el("div", { class: isFile ? "words file" : "words" }, isFile ? drawing(CLIP) : null, item.words);
  if (item.picture) words.append(picture(item.picture, item.words));
  const status = el("button", { type: "button", class: "status", disabled: true, onclick: retry });
  const bar = item.isUpload ? el("progress", { max: "1", value: "0", "aria-label": t("upload.progress", { name: item.words }) }) : null;
  return el("div", { class: "line user pending" }, words, bar, status);
}

/** The person's own line. */
function own(line, pictures) {
  if (STARS.test(line.body.text)) return el("div", { class: "line notice" }, el("div", { class: "words" }, t("stars.given", { stars: line.body.text })));
  const file = line.attachment;
  const sent = pictures.get(file);
  const words = el("div", { class: file ? "words file" : "words" }, file ? [drawing(CLIP), sent?.name ?? line.body.text] : line.body.text);
  if (sent?.url) words.append(picture(sent.url, sent.name));
  return el("div", { class: "line user" }, el("div", { class: "who" }, time(line.at)), words);
}

const picture = (url, name) => el("img", { src: url, alt: name, class: "picture" });

function content(body, deeds) {
  switch (body.type) {
    case "answer":
      return [el("h2", {}, body.title), ...markdown(body.text), el("p", { class: "source" }, t("source", { source: body.source, share: Math.round(body.confidence * 100) }))];
    case "choices":
    case "clarify":
      return [...markdown(body.text), el("div", { class: "choices" }, body.choices.map((choice) => el("button", { type: "button", onclick: (event) => deeds.choose(choice, event.currentTarget) }, choice.label)))];
    default:
      return markdown(body.text);
  }
}

function verdict(line, deeds) {
  const row = el("div", { class: "verdict", role: "group", "aria-label": t("verdict.ask") });
  const judge = (isHelpful, way, key) => el("button", { type: "button", class: `quiet thumb ${way}`, onclick: () => deeds.judge(line, isHelpful, row) }, drawing(THUMB), t(key));
  row.append(judge(true, "up", "verdict.helpful"), judge(false, "down", "verdict.not_helpful"));
  return row;
}

/** The verdict that was given, in place of its buttons; `comment` asks for words where that is still possible. */
export function drawVerdict(row, isHelpful, send) {
  const given = el("span", { class: "soft", tabindex: "-1" }, t(isHelpful ? "verdict.was_helpful" : "verdict.was_not_helpful"));
  row.replaceChildren(given);
  if (isHelpful || !send) return given;
  const input = el("input", { type: "text", maxlength: "2000", placeholder: t("verdict.comment"), "aria-label": t("verdict.comment") });
  const form = el("form", {
    onsubmit: (event) => {
      event.preventDefault();
      const comment = input.value.trim();
      if (comment) send(comment);
      row.replaceChildren(el("span", { class: "soft", role: "status" }, t("verdict.thanks")));
    },
  }, input, el("button", { class: "quiet" }, t("verdict.send")));
  row.append(form);
  return given;
}
