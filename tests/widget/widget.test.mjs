// The window in a browser, against a running server: BASE, DESK_AGENT=name:password, SHOTS.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { BASE, agent, call, host, kept, launch, person, transcript, windowOf } from "./stage.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const QUESTION = "SSH 连不上 Linux 服务器怎么办";
const SNIPPET = `<script async src="${BASE}/widget.js" data-site="test" data-locale="auto"></script>`;
let browser;

before(async () => { browser = await launch(); });
after(() => browser?.close());

/** Runs in a page of its own, which must not have had errors. */
const onConsole = (name, options, work) => test(name, { timeout: 90000 }, async () => {
  const { context, troubles } = await person(browser, options);
  try {
    const page = await context.newPage();
    await page.goto(BASE);
    await work({ page, context, window: windowOf(page) });
    assert.deepEqual(troubles(), []);
  } finally {
    await context.close();
  }
});

const users = (lines) => lines.filter((line) => line.author === "user").map((line) => line.body.text);
const until = async (what, holds) => {
  for (let tries = 0; tries < 100; tries += 1) {
    if (await holds()) return;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  assert.fail(`it never happened: ${what}`);
};
const violations = async (frame) => {
  await frame.evaluate(AXE);
  const found = await frame.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"], iframes: false }));
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`);
};

describe("asking", () => {
  onConsole("a question is answered, and a choice is taken once", {}, async ({ page, window }) => {
    await window.shot("console");
    await window.open();
    assert.equal(await window.at(".quick button").count(), 4);
    await window.shot("welcome");
    await window.say("SSH 连不上 Linux 服务器");
    await window.at(".line.bot h2").first().waitFor();
    await window.settled();
    assert.equal(await window.at(".line.user").count(), 1);
    assert.equal(await window.at(".quick").count(), 0);
    await window.shot("answer");
    await window.at(".verdict button.down").first().click();
    await window.at(".verdict form input").fill("步骤看不懂");
    await window.shot("comment");
    await window.at(".verdict form button").click();
    const choice = window.at(".choices button:not(:disabled)").first();
    await choice.waitFor();
    const label = await choice.textContent();
    await choice.click();
    await window.at(".line.user .words", { hasText: label }).first().waitFor();
    await until("overtaken choices are disabled", async () => (await window.at(".choices button.chosen").count()) > 0 && (await window.at(".choices button.chosen").first().isDisabled()));
    await window.settled();
    await window.shot("chosen");
    assert.deepEqual(users(await transcript(await kept(page))).filter((text) => text === label), [label]);
  });

  onConsole("the questions follow the product", {}, async ({ page, window }) => {
    await window.open();
    const first = await window.at(".quick button").first().textContent();
    await page.locator("#products button").nth(2).click();
    await until("other questions", async () => (await window.at(".quick button").first().textContent()) !== first);
    assert.match(await window.at(".quick").textContent(), /MySQL/);
    await window.at("#close").click();
    await page.locator("#rows .ask").first().click();
    await window.at(".line.bot").first().waitFor();
    assert.equal(await window.launcher.getAttribute("aria-expanded"), "true");
  });

  onConsole("the page and the language are told to an open conversation", {}, async ({ page, window }) => {
    const amended = [];
    await page.route("**/api/v1/conversations/*", async (route) => {
      if (route.request().method() !== "PATCH") return route.continue();
      amended.push(route.request().postDataJSON());
      await route.fulfill({ json: {} });
    });
    await window.open();
    await window.say(QUESTION);
    await window.at(".line.bot").first().waitFor();
    await page.locator("#products button").nth(2).click();
    await until("the page is told", () => amended.some((one) => one.context?.product === "rds"));
    await page.evaluate(() => globalThis.yunzhu("setLocale", "ja"));
    await until("the language is told", () => amended.some((one) => one.locale === "ja"));
  });
});

describe("people", () => {
  onConsole("three failed rounds, the queue, an agent, a reload, stars", {}, async ({ page, window }) => {
    const desk = await agent();
    try {
      await desk.finishAll();
      await window.open();
      for (const question of [QUESTION, "网站502怎么办", "MySQL 忘记密码怎么办"]) {
        const before = await window.at(".line.bot .verdict button.down").count();
        await window.say(question);
        await until("an answer", async () => (await window.at(".line.bot .verdict button.down").count()) > before || (await window.at(".choices button:not(:disabled)").count()) > 0);
        await window.settled();
        await window.at(".verdict button.down").last().click();
        await until("the verdict is taken", async () => (await window.at(".verdict button.down").count()) === 0);
        await page.waitForTimeout(700);
      }
      await window.at("#queue:not([hidden])", { hasText: /第 \d+ 位|已经分给工程师/ }).waitFor();
      assert.equal(await window.at("#human").isVisible(), false);
      await window.shot("queued");
      const conversation = await kept(page);
      const ticket = await desk.ticketOf(conversation.id);
      await until("somebody may take it", () => desk.act(ticket, { do: "take" }).then(() => true, () => false));
      await desk.act(ticket, { do: "say", text: "您好，我看一下 **安全组**。\n<img src=x onerror=alert(1)>" });
      const line = window.at(".line.agent").last();
      await line.waitFor();
      assert.match(await line.textContent(), /王工|wang/);
      assert.match(await line.textContent(), /<img src=x/);
      await window.at("#state", { hasText: "正在为您服务" }).waitFor();
      await window.shot("agent");

      await page.evaluate(() => { globalThis.counts = []; globalThis.yunzhu("on", "unread", ({ count }) => globalThis.counts.push(count)); });
      await window.at("#close").click();
      await desk.act(ticket, { do: "say", text: "请再试一次。" });
      await page.locator("#yunzhu-widget .badge:not([hidden])").waitFor();
      assert.equal(await page.locator("#yunzhu-widget .badge").textContent(), "1");
      await window.shot("unread");
      assert.deepEqual(await page.evaluate(() => globalThis.counts), [1]);
      const shown = (await transcript(conversation)).length;
      await page.reload();
      await page.locator("#yunzhu-widget .badge:not([hidden])").waitFor();
      await window.open();
      await window.at(".line.agent", { hasText: "请再试一次" }).waitFor();
      assert.equal((await transcript(await kept(page))).length, shown);
      assert.equal(await window.at(".verdict .soft").count(), 3);
      assert.equal((await kept(page)).id, conversation.id);
      await window.say("可以了，谢谢");
      await window.settled();
      await desk.act(ticket, { do: "resolve", solution: "安全组" });
      await window.at("#rating form").waitFor();
      for (const [row, star] of [[0, 4], [1, 3], [2, 4]]) await window.at("#rating fieldset").nth(row).locator("label").nth(star).click();
      await window.shot("rating");
      await window.at("#rating button.primary").click();
      await window.at("#rating form").waitFor({ state: "detached" });
      await window.at(".line.notice", { hasText: "★" }).waitFor();
      await window.shot("rated");
    } finally {
      await desk.leave();
    }
  });

  onConsole("an answer that helped ends in stars, and a closed conversation in a new one", {}, async ({ page, window }) => {
    await window.open();
    await window.say(QUESTION);
    await window.at(".verdict button.up").click();
    await window.at("#rating form").waitFor();
    await window.settled();
    await window.shot("helped");
    await window.at("#rating .quiet").click();
    await window.at("#rating form").waitFor({ state: "detached" });
    const { id } = await kept(page);
    await page.route(`**/api/v1/conversations/${id}`, async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), state: "closed" } });
    });
    await page.reload();
    await window.open();
    await window.at("#state", { hasText: "会话已结束" }).waitFor();
    await window.say("磁盘满了怎么清理");
    await window.at(".divider ~ .line.bot").first().waitFor();
    assert.notEqual((await kept(page)).id, id);
  });

  onConsole("a person is in reach from the first moment", {}, async ({ window, page }) => {
    await window.open();
    await window.at("#human").click();
    await window.at("#queue:not([hidden])").waitFor();
    assert.match(await window.at("#queue").textContent(), /工单 T\d+/);
    assert.equal((await call("GET", `/conversations/${(await kept(page)).id}`, undefined, (await kept(page)).token)).state, "queued");
  });
});

describe("a bad network", () => {
  onConsole("what is said offline arrives once", {}, async ({ page, context, window }) => {
    await window.open();
    await window.say(QUESTION);
    await window.at(".line.bot").first().waitFor();
    await window.settled();
    await context.setOffline(true);
    await window.at("#trouble:not([hidden])").waitFor();
    assert.match(await window.at("#trouble").textContent(), /恢复后自动发送/);
    await window.say("磁盘满了怎么清理");
    await window.at("#sending .pending").waitFor();
    await window.shot("offline");
    await context.setOffline(false);
    await window.settled();
    await until("the banner goes", async () => !(await window.at("#trouble").isVisible()));
    assert.equal(await window.at(".line.user", { hasText: "磁盘满了怎么清理" }).count(), 1);
    assert.deepEqual(users(await transcript(await kept(page))), [QUESTION, "磁盘满了怎么清理"]);
  });

  onConsole("what is said offline survives a reload, and a lost answer doubles nothing", {}, async ({ page, context, window }) => {
    await window.open();
    let lost = 0;
    await page.route("**/api/v1/conversations/*/messages", async (route) => {
      if (route.request().method() !== "POST" || lost >= 2) return route.fallback();
      lost += 1;
      await route.fetch().catch(() => {});
      await route.abort("connectionreset");
    });
    await window.say(QUESTION);
    await until("two answers are lost", () => lost === 2);
    await page.reload();
    await window.open();
    await window.at(".line.bot h2").first().waitFor();
    await window.settled();
    assert.equal(await window.at(".line.user", { hasText: QUESTION }).count(), 1);
    assert.deepEqual(users(await transcript(await kept(page))), [QUESTION]);
    await context.setOffline(true);
    await window.say("第二个问题");
    await window.at("#sending .pending").waitFor();
    const waiting = await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("yunzhu.console.out.")).length);
    assert.equal(waiting, 1);
    await context.setOffline(false);
    await window.settled();
    assert.deepEqual(users(await transcript(await kept(page))), [QUESTION, "第二个问题"]);
  });

  onConsole("a refused message can be tried again by a tap", {}, async ({ page, window }) => {
    await window.open();
    let refuse = true;
    await page.route("**/api/v1/conversations/*/messages", (route) => (route.request().method() === "POST" && refuse ? route.fulfill({ status: 409, contentType: "application/problem+json", body: '{"type":"urn:yunzhu:problem:conflict"}' }) : route.fallback()));
    await window.say(QUESTION);
    await window.at(".failed .status").waitFor();
    await window.shot("failed");
    refuse = false;
    await window.at(".failed .status").click();
    await window.at(".line.bot h2").first().waitFor();
    assert.equal(await window.at(".line.user").count(), 1);
  });

  onConsole("several messages at once, a number that is masked and a typed thumb each stand there once", {}, async ({ page, window }) => {
    await window.open();
    const said = [QUESTION, "我的手机号是 13800138000，磁盘满了", "👍"];
    for (const text of said) await window.say(text);
    await until("all are taken", async () => (await window.at("#sending > *").count()) === 0 && (await window.at(".line.user").count()) >= 2);
    await page.waitForTimeout(800);
    const lines = (await transcript(await kept(page))).filter((line) => line.author === "user");
    assert.equal(lines.length, 3);
    assert.equal(await window.at(".line.user").count(), 2, "the thumb stands under its answer or as words, and not twice");
    await page.reload();
    await window.open();
    await window.at(".line.user").first().waitFor();
    assert.equal(await window.at("#sending > *").count(), 0);
    assert.equal(await window.at(".line.user").count(), 2);
  });

  onConsole("without WebSockets the events come as a stream", {}, async ({ page, window }) => {
    const desk = await agent();
    try {
      await page.routeWebSocket(/\/ws/, (socket) => socket.close());
      const streams = [];
      page.on("request", (request) => { if (request.url().includes("/events")) streams.push(request.url()); });
      await window.open();
      await window.at("#human").click();
      await window.at("#queue:not([hidden])").waitFor();
      await until("a stream", () => streams.length > 0);
      const ticket = await desk.ticketOf((await kept(page)).id);
      await until("somebody may take it", () => desk.act(ticket, { do: "take" }).then(() => true, () => false));
      await desk.act(ticket, { do: "say", text: "经由事件流" });
      await window.at(".line.agent", { hasText: "经由事件流" }).waitFor();
      await desk.act(ticket, { do: "resolve" });
    } finally {
      await desk.leave();
    }
  });

  onConsole("a conversation that is gone gives way to a fresh one", {}, async ({ page, window }) => {
    await window.open();
    await window.say(QUESTION);
    await window.at(".line.bot h2").first().waitFor();
    await window.settled();
    await page.waitForTimeout(600);
    const old = await kept(page);
    await page.evaluate(() => {
      const key = "yunzhu.console.conversation";
      const known = JSON.parse(localStorage.getItem(key));
      localStorage.setItem(key, JSON.stringify({ ...known, token: "no-longer-valid" }));
    });
    await page.reload();
    await window.open();
    await window.at(".divider").waitFor();
    assert.equal(await window.at(".line.user", { hasText: QUESTION }).count(), 1);
    assert.equal(await window.at(".verdict").count(), 0);
    await window.say("磁盘满了怎么清理");
    await window.at(".divider ~ .line.bot").first().waitFor();
    await window.shot("divider");
    assert.notEqual((await kept(page)).id, old.id);
  });

  onConsole("two tabs are one conversation", {}, async ({ page, context, window }) => {
    const second = await context.newPage();
    await second.goto(BASE);
    const other = windowOf(second);
    await window.open();
    await other.open();
    await window.say(QUESTION);
    await window.at(".line.bot h2").first().waitFor();
    await other.at(".line.bot h2").first().waitFor();
    await other.say("磁盘满了怎么清理");
    await window.at(".line.user", { hasText: "磁盘满了怎么清理" }).waitFor();
    await window.settled();
    await other.settled();
    for (const one of [window, other]) assert.equal(await one.at(".line.user").count(), 2);
    assert.equal((await kept(page)).id, (await kept(second)).id);
    assert.equal(users(await transcript(await kept(page))).length, 2);
  });
});

describe("files", () => {
  onConsole("files are uploaded with progress; too large and strange ones are refused in words", {}, async ({ page, context, window }) => {
    await window.open();
    const seen = [];
    await page.exposeFunction("seen", (share) => seen.push(share));
    const frame = await window.frame();
    await frame.evaluate(() => new MutationObserver(() => { const bar = document.querySelector("#sending progress"); if (bar) parent.seen(bar.value); }).observe(document.querySelector("#sending"), { subtree: true, childList: true, characterData: true, attributes: true }));
    const network = await context.newCDPSession(page);
    await network.send("Network.enable");
    await network.send("Network.emulateNetworkConditions", { offline: false, latency: 20, downloadThroughput: -1, uploadThroughput: 900 * 1024 });
    const name = `<img src=x onerror=alert(1)>日志.log`;
    await window.at("#file").setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from("2026-11-21 error 日志\n".repeat(60000)) });
    await window.at("#sending progress").waitFor();
    await until("it is half way", async () => seen.some((share) => share > 0 && share < 1));
    await window.shot("upload");
    await network.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    await window.settled();
    await window.at(".line.user .file").waitFor();
    assert.match(await window.at(".line.user .file").textContent(), /日志\.log/);
    await frame.evaluate(async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
      const pen = canvas.getContext("2d");
      pen.fillStyle = "#223";
      pen.fillRect(0, 0, 320, 180);
      pen.fillStyle = "#fff";
      pen.font = "20px sans-serif";
      pen.fillText("502 Bad Gateway", 80, 95);
      const data = new DataTransfer();
      data.items.add(new File([await new Promise((made) => canvas.toBlob(made))], "截图.png", { type: "image/png" }));
      document.querySelector("#words").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    });
    await window.at(".line.user:not(.pending) img.picture").waitFor();
    await frame.evaluate(() => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(51 * 1024 * 1024)], "core.dump"));
      for (const type of ["dragenter", "drop"]) document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
    });
    await window.at(".failed", { hasText: "50 MB" }).waitFor();
    await window.shot("files");
    assert.equal((await transcript(await kept(page))).filter((line) => line.attachment).length, 2);
  });
});

describe("the five languages", () => {
  onConsole("switch inside the window, and stay", { viewport: { width: 1000, height: 820 } }, async ({ page, window }) => {
    await window.open();
    await window.say(QUESTION);
    await window.at(".line.bot h2").first().waitFor();
    for (const [locale, human] of [["zh-TW", "轉接專人"], ["en", "Talk to a person"], ["ja", "担当者につなぐ"], ["ko", "상담원 연결"], ["zh-CN", "转人工"], ["ja", "担当者につなぐ"]]) {
      if (!(await window.at("#options").isVisible())) await window.at("#menu").click();
      await window.at("#language").selectOption(locale);
      await window.at("#human", { hasText: human }).waitFor();
      assert.equal(await window.at("html").getAttribute("lang"), locale);
      await window.shot(`language-${locale}`);
    }
    await page.reload();
    await window.open();
    await window.at("#human", { hasText: "担当者につなぐ" }).waitFor();
    assert.equal(await window.launcher.getAttribute("aria-label"), "サポートチャットを閉じる");
    await page.locator("#language").click();
    await window.at("#human", { hasText: "Talk to a person" }).waitFor();
    await window.shot("console-en");
  });
});

describe("keyboard and screen readers", () => {
  onConsole("all by keyboard", {}, async ({ page, window }) => {
    await window.launcher.waitFor();
    await window.launcher.focus();
    await page.keyboard.press("Enter");
    await until("the field has the focus", async () => (await (await window.frame()).evaluate(() => document.activeElement?.id)) === "words");
    assert.equal(await window.launcher.getAttribute("aria-expanded"), "true");
    await page.keyboard.type("SSH");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("连不上");
    assert.equal(await window.at("#words").inputValue(), "SSH\n连不上");
    await page.keyboard.press("Enter");
    await window.at(".line.bot").first().waitFor();
    await window.settled();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    assert.equal(await (await window.frame()).evaluate(() => document.activeElement.id), "send");
    await window.at("#menu").focus();
    await page.keyboard.press("Enter");
    assert.equal(await (await window.frame()).evaluate(() => document.activeElement.id), "language");
    await page.keyboard.press("Escape");
    assert.equal(await window.at("#options").isVisible(), false);
    assert.equal(await (await window.frame()).evaluate(() => document.activeElement.id), "menu");
    await page.keyboard.press("Escape");
    await until("it is closed", async () => (await window.launcher.getAttribute("aria-expanded")) === "false");
    assert.equal(await page.evaluate(() => document.activeElement.shadowRoot?.activeElement?.className), "launcher right");
    const named = await page.locator("#yunzhu-widget").evaluate((node) => ({ role: node.shadowRoot.querySelector(".panel").getAttribute("role"), title: node.shadowRoot.querySelector("iframe").title, label: node.shadowRoot.querySelector(".launcher").getAttribute("aria-label"), controls: node.shadowRoot.querySelector(".launcher").getAttribute("aria-controls") }));
    assert.deepEqual(named, { role: "dialog", title: "在线客服", label: "打开在线客服", controls: "panel" });
    await until("finished lines are read out", async () => (await window.at("#log").getAttribute("aria-live")) === "polite");
  });

  onConsole("Enter that picks a word of an input method sends nothing", {}, async ({ page, context, window }) => {
    await window.open();
    await window.at("#words").focus();
    const keys = await context.newCDPSession(page);
    await keys.send("Input.imeSetComposition", { text: "ci pan", selectionStart: 6, selectionEnd: 6 });
    for (const type of ["rawKeyDown", "keyUp"]) await keys.send("Input.dispatchKeyEvent", { type, key: "Enter", code: "Enter", windowsVirtualKeyCode: 229 });
    await keys.send("Input.insertText", { text: "磁盘" });
    assert.equal(await window.at("#words").inputValue(), "磁盘");
    assert.equal(await window.at(".line").count(), 0);
    const frame = await window.frame();
    const sent = await frame.evaluate(() => {
      const area = document.querySelector("#words");
      const press = (init) => area.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...init }));
      area.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
      const during = press({ isComposing: true });
      const unmarked = press({});
      // The end of the composition before its key, as some browsers have it.
      area.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true, data: "满" }));
      const ending = press({});
      const old = press({ keyCode: 229 });
      return [during, unmarked, ending, old];
    });
    assert.deepEqual(sent, [true, true, true, true], "none of them is taken for sending");
    assert.equal(await window.at(".line").count(), 0);
    await page.waitForTimeout(120);
    await page.keyboard.press("Enter");
    await window.at(".line.user", { hasText: "磁盘" }).waitFor();
  });

  for (const colorScheme of ["light", "dark"]) {
    onConsole(`nothing serious for axe, ${colorScheme}`, { colorScheme }, async ({ page, window }) => {
      await window.launcher.waitFor();
      assert.deepEqual(await violations(page.mainFrame()), [], "console");
      await window.open();
      await page.waitForTimeout(300);
      assert.deepEqual(await violations(await window.frame()), [], "welcome");
      await window.say(QUESTION);
      await window.at(".line.bot h2").first().waitFor();
      await window.settled();
      await window.at("#menu").click();
      await page.waitForTimeout(400);
      assert.deepEqual(await violations(await window.frame()), [], "answer");
      assert.deepEqual(await violations(page.mainFrame()), [], "console with the window");
      const small = await (await window.frame()).evaluate(() => [...document.querySelectorAll("button, select, .stars label")].filter((node) => node.offsetParent && (node.offsetWidth < 24 || node.offsetHeight < 24)).map((node) => node.outerHTML));
      assert.deepEqual(small, []);
      await window.shot(`axe-${colorScheme}`);
      await window.at("#human").click();
      await window.at("#queue:not([hidden])").waitFor();
      await page.waitForTimeout(400);
      assert.deepEqual(await violations(await window.frame()), [], "queued");
      await window.shot(`queued-${colorScheme}`);
    });
  }
});

describe("sizes and themes", () => {
  for (const [name, options] of [["phone-320", { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true }], ["phone-390-dark", { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: "dark" }], ["desktop-1440", { viewport: { width: 1440, height: 900 } }]]) {
    onConsole(name, options, async ({ page, window }) => {
      await window.launcher.waitFor();
      await window.shot(`${name}-console`);
      await window.open();
      await page.waitForTimeout(300);
      await window.shot(`${name}-welcome`);
      await window.say(QUESTION);
      await window.at(".line.bot h2").first().waitFor();
      await window.settled();
      await page.waitForTimeout(300);
      await window.shot(`${name}-answer`);
      const wide = await (await window.frame()).evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(wide, 0, "nothing is wider than the window");
      const box = await window.panel.boundingBox();
      if (options.isMobile) {
        assert.deepEqual([box.x, box.y, Math.round(box.width)], [0, 0, options.viewport.width]);
        if (name === "phone-320") {
          await window.at("#menu").click();
          for (const locale of ["ja", "ko", "en"]) {
            await window.at("#language").selectOption(locale);
            await page.waitForTimeout(200);
            assert.equal(await (await window.frame()).evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, locale);
            await window.shot(`${name}-${locale}`);
          }
        }
        await window.at("#close").click();
        await window.launcher.waitFor();
      } else assert.ok(box.x + box.width <= options.viewport.width && box.y >= 0);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, "the console fits");
    });
  }

  test("the window alone, without a page around it", { timeout: 60000 }, async () => {
    const { context, troubles } = await person(browser);
    try {
      const page = await context.newPage();
      await page.goto(`${BASE}/widget`);
      await page.locator("#words").fill(QUESTION);
      await page.locator("#words").press("Enter");
      await page.locator(".line.bot h2").waitFor();
      await page.reload();
      await page.locator(".line.bot h2").waitFor();
      assert.equal(await page.locator("#close").isVisible(), false);
      assert.deepEqual(await violations(page.mainFrame()), []);
      await windowOf(page).shot("alone");
      assert.deepEqual(troubles(), []);
    } finally {
      await context.close();
    }
  });

  onConsole("the theme can be set", {}, async ({ page, window }) => {
    await window.open();
    const ground = async () => (await window.frame()).evaluate(() => getComputedStyle(document.querySelector("#window")).backgroundColor);
    const light = await ground();
    await page.evaluate(() => globalThis.yunzhu("setTheme", "dark"));
    await until("it is dark", async () => (await ground()) !== light);
  });
});

describe("hostile words", () => {
  onConsole("stay words", {}, async ({ page, window }) => {
    const answer = { type: "answer", title: "<script>alert(1)</script>", text: "<img src=x onerror=alert(2)>\n\n[a](javascript:alert(3)) [b](https://example.com/\"onmouseover=alert(4)) ![c](data:text/html,x)\n\n| <b>x</b> | y |\n|---|---|\n| `<i>` | **<u>z</u>** |\n\n```html\n<script>alert(5)</script>\n```\n\n- <svg onload=alert(6)>", source: "<a href=javascript:alert(7)>s</a>", confidence: 0.9, case_id: "x" };
    const lines = [
      { seq: 1, turn: 0, author: "bot", at: 1, body: { type: "text", text: "hi" } },
      { seq: 2, turn: 1, author: "user", at: 2, body: { type: "text", text: "<img src=x onerror=alert(8)>" } },
      { seq: 3, turn: 1, author: "bot", at: 3, body: answer },
      { seq: 4, turn: 1, author: "bot", at: 4, body: { type: "choices", text: "<b>?</b>", choices: [{ id: "1", label: "<img src=x onerror=alert(9)>" }] } },
      { seq: 5, turn: 1, author: "agent", agent: "<script>alert(10)</script>", at: 5, body: { type: "text", text: "<iframe src=javascript:alert(11)>" } },
      { seq: 6, turn: 1, author: "user", at: 6, attachment: "a1", body: { type: "text", text: "\"><img src=x onerror=alert(12)>.png" } },
    ];
    await page.route("**/api/v1/conversations", (route) => route.fulfill({ status: 201, json: { conversation_id: "c1", token: "t", replies: [] } }));
    await page.route("**/api/v1/conversations/c1", (route) => route.fulfill({ json: { conversation_id: "c1", state: "with_agent", turn: 1, tickets: [], handoff: { ticket_id: "<b>T1</b>", reason: "urgent", queue: "q" }, last_seq: 6 } }));
    await page.route("**/api/v1/conversations/c1/messages?*", (route) => route.fulfill({ json: { messages: route.request().url().includes("after=0") ? lines : [], after: 6 } }));
    await page.route("**/api/v1/conversations/c1/messages", (route) => (route.request().method() === "POST" ? route.fulfill({ json: { conversation_id: "c1", turn: 1, state: "with_agent", replies: [] } }) : route.fallback()));
    await page.routeWebSocket(/\/ws/, () => {});
    await window.open();
    await window.say("<img src=x onerror=alert(8)>");
    await window.at(".line.agent").waitFor();
    await page.waitForTimeout(500);
    const frame = await window.frame();
    const strange = await frame.evaluate(() => ({
      elements: [...document.querySelectorAll("#log *, #state, #queue")].filter((node) => /^(script|img|iframe|u|b|i)$/i.test(node.tagName)).length,
      handlers: [...document.querySelectorAll("#log *")].flatMap((node) => [...node.attributes]).filter((attribute) => attribute.name.startsWith("on")).length,
      links: [...document.querySelectorAll("#log a")].map((node) => new URL(node.href).protocol),
    }));
    assert.deepEqual([strange.elements, strange.handlers], [0, 0]);
    assert.ok(strange.links.every((protocol) => protocol === "https:"));
    assert.match(await window.at("#log").textContent(), /<script>alert\(1\)<\/script>/);
    assert.match(await window.at(".line.agent .who").textContent(), /<script>alert\(10\)/);
    await window.shot("hostile");
  });
});

describe("on a page of somebody else", () => {
  const onHost = (name, body, options, work) => test(name, { timeout: 60000 }, async () => {
    const site = await host(body, options);
    const { context, troubles } = await person(browser);
    try {
      const page = await context.newPage();
      const opened = [];
      page.on("request", (request) => { if (request.method() === "POST" && request.url().endsWith("/api/v1/conversations")) opened.push(request.postDataJSON()); });
      await page.goto(site.url);
      await work({ page, context, window: windowOf(page), bodies: () => opened });
      assert.deepEqual(troubles(), []);
    } finally {
      await context.close();
      await site.close();
    }
  });

  onHost("a strict policy, another origin, one window however often it is booted", `${SNIPPET}${SNIPPET}`, {}, async ({ page, window }) => {
    await window.launcher.waitFor();
    await page.evaluate(() => { globalThis.events = []; for (const name of ["ready", "open", "close", "message", "conversation", "action", "unread"]) globalThis.yunzhu("on", name, (detail) => globalThis.events.push([name, detail])); });
    await page.evaluate(() => { globalThis.yunzhu("boot", { position: "left" }); globalThis.yunzhu("boot", {}); });
    assert.equal(await page.locator("#yunzhu-widget").count(), 1);
    assert.equal(await window.launcher.evaluate((node) => Math.round(getComputedStyle(node).width.replace("px", ""))), 56);
    assert.ok((await window.launcher.boundingBox()).x < 100, "at the left");
    await window.open();
    await window.say(QUESTION);
    await window.at(".line.bot h2").first().waitFor();
    await window.settled();
    await window.shot("host");
    await page.waitForTimeout(600);
    const { id } = await kept(page, "test");
    assert.equal(await (await window.frame()).evaluate(() => { try { return localStorage.length; } catch { return 0; } }), 0, "nothing is kept in the frame's own storage");
    const events = await page.evaluate(() => globalThis.events);
    assert.ok(events.some(([name]) => name === "ready") && events.some(([name]) => name === "open"));
    assert.ok(events.some(([name, detail]) => name === "conversation" && detail.id === id));
    assert.ok(events.some(([name, detail]) => name === "message" && detail.role === "bot"));
    await page.reload();
    await window.open();
    await window.at(".line.user", { hasText: QUESTION }).waitFor();
    assert.equal((await kept(page, "test")).id, id);
    await page.evaluate(() => globalThis.yunzhu("logout"));
    await until("the lines are gone", async () => (await window.at(".line").count()) === 0);
    assert.equal(await kept(page, "test"), null);
    await window.say(QUESTION);
    await window.at(".line.bot").first().waitFor();
    assert.notEqual((await kept(page, "test")).id, id);
    await page.evaluate(() => globalThis.yunzhu("destroy"));
    assert.equal(await page.locator("#yunzhu-widget").count(), 0);
    await page.evaluate(() => globalThis.yunzhu("boot"));
    await window.open();
    await window.at(".line.user", { hasText: QUESTION }).waitFor();
  });

  const OWN = "window.yunzhu=window.yunzhu||function(){(yunzhu.q=yunzhu.q||[]).push(arguments)};window.seen=[];yunzhu('on','ready',()=>seen.push('ready'));yunzhu('on','message',(m)=>seen.push(m.role));yunzhu('boot',{locale:'en',theme:'dark',accent:'#0a7d5a',user:{id:'u1',name:'<b>Wang</b>'}});yunzhu('setContext',{product:'oss',page:'/buckets'});yunzhu('ask','OSS 403 AccessDenied');";
  onHost("calls before the script is there are kept for it", `<script src="/own.js"></script>${SNIPPET}`, { own: OWN }, async ({ page, window, bodies }) => {
    await window.at(".line.bot").first().waitFor();
    const body = bodies()[0];
    assert.equal(body.user.name, "<b>Wang</b>");
    assert.deepEqual([body.user.id, body.user.locale, body.context], ["u1", "en", { page: "/buckets", product: "oss" }]);
    await window.at(".line.bot").first().waitFor();
    await window.at("#human", { hasText: "Talk to a person" }).waitFor();
    await until("its listeners are called", async () => { const seen = await page.evaluate(() => globalThis.seen); return seen[0] === "ready" && seen.includes("bot"); });
    await window.shot("host-dark");
  });

  onHost("a signed name is told to the server, and help is there without it", SNIPPET, {}, async ({ page, context, window }) => {
    const bodies = [];
    await context.route("**/api/v1/conversations", (route) => {
      const body = route.request().postDataJSON();
      bodies.push(body);
      return body.identity ? route.fulfill({ status: 401, contentType: "application/problem+json", body: '{"type":"urn:yunzhu:problem:not-authenticated"}' }) : route.fallback();
    });
    const token = `e30.${Buffer.from('{"sub":"u7"}').toString("base64url")}.x`;
    await window.launcher.waitFor();
    await page.evaluate((token) => { globalThis.errors = []; globalThis.yunzhu("on", "error", (detail) => globalThis.errors.push(detail)); globalThis.yunzhu("identify", { token }); globalThis.yunzhu("ask", "SSH 连不上"); }, token);
    await window.at(".line.bot").first().waitFor();
    assert.equal(bodies[0].identity, token);
    assert.equal(bodies[1].identity, undefined);
    assert.deepEqual(await page.evaluate(() => globalThis.errors), [{ code: "identity-refused", status: 401 }]);
  });

  onHost("messages of other frames are not heard", SNIPPET, {}, async ({ page, window }) => {
    await window.open();
    await page.evaluate(() => postMessage({ yunzhu: 1, type: "close" }, "*"));
    const frame = await window.frame();
    await frame.evaluate(() => postMessage({ yunzhu: 1, type: "ask", text: "forged" }, "*"));
    await page.waitForTimeout(400);
    assert.equal(await window.launcher.getAttribute("aria-expanded"), "true");
    assert.equal(await window.at(".line").count(), 0);
  });
});
