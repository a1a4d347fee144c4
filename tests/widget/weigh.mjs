// Compares the keys of the texts, and weighs what one window loads.
import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";

const PAGES = process.env.PAGES ?? new URL("../../src/http/pages/", import.meta.url).pathname;
const LIMIT = 40 * 1024;
const read = (name) => readFileSync(`${PAGES}/${name}`, "utf8");
const names = readdirSync(PAGES);
let isBad = false;
const wrong = (...words) => {
  isBad = true;
  console.error(...words);
};

for (const prefix of ["widget-texts", "console-texts"]) {
  const files = names.filter((name) => name.startsWith(`${prefix}.`) && name.endsWith(".json"));
  const first = JSON.parse(read(`${prefix}.zh-CN.json`));
  const slots = (text) => (text.match(/\{\w+\}/g) ?? []).sort().join();
  for (const file of files) {
    const texts = JSON.parse(read(file));
    for (const key of new Set([...Object.keys(first), ...Object.keys(texts)])) {
      if (typeof first[key] !== "string" || typeof texts[key] !== "string" || !texts[key].trim()) wrong(`${file}: ${key} is missing on one side`);
      else if (slots(first[key]) !== slots(texts[key])) wrong(`${file}: ${key} has other {names}`);
    }
  }
  console.log(`${prefix}: ${files.length} languages, ${Object.keys(first).length} keys`);
}

const all = JSON.parse(read("widget-texts.zh-CN.json"));
const own = names.filter((name) => /^widget.*\.(js|html)$/.test(name));
for (const name of own) {
  for (const [, key] of read(name).matchAll(/(?:\bt\(|data-(?:text|label|hint)=)"([\w.]+)"/g)) if (!(key in all)) wrong(`${name}: there is no text ${key}`);
  for (const forbidden of [/innerHTML/, /outerHTML/, /insertAdjacentHTML/, /document\.write/, /\beval\(/, /new Function/, / style="/]) if (forbidden.test(read(name))) wrong(`${name}: ${forbidden}`);
}

const loaded = ["widget.js", "widget.html", "widget.css", "icon.svg", ...names.filter((name) => /^widget-.*\.js$/.test(name)), "elements.js", "markdown.js", "typing.js"];
const weigh = (name) => gzipSync(read(name), { level: 6 }).length;
const texts = Math.max(...names.filter((name) => name.startsWith("widget-texts.") && name.endsWith(".json")).map(weigh));
const sum = loaded.map(weigh).reduce((one, other) => one + other, texts);
for (const name of loaded) console.log(String(weigh(name)).padStart(7), name);
console.log(`${String(texts).padStart(7)} the longest texts\n${String(sum).padStart(7)} bytes in all, gzip; the limit is ${LIMIT}`);
if (sum > LIMIT) wrong("too heavy");
process.exit(isBad ? 1 : 0);
