// Proves the stand-in's long connection with the official SDK of WeCom's AI bot, unmodified but for its address:
// `node prove.mjs CACHE WS_URL BASE`. Ends with 1 where they do not get along.
import { createRequire } from "node:module";
import path from "node:path";

const [cache, wsUrl, base] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(cache), "package.json"));
const { WSClient } = require("@wecom/aibot-node-sdk");

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const client = () => new WSClient({ botId: "aib-stand-in", secret: "aibot-secret", wsUrl, logger: quiet, heartbeatInterval: 300 });
const order = (what, body) =>
  fetch(`${base}/control/${what}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const once = (of, event) => new Promise((resolve) => of.once(event, resolve));
const wanted = (name, fact) => {
  if (!fact) throw new Error(name);
};
setTimeout(() => {
  console.error("prove.mjs: no answer within 30 s");
  process.exit(1);
}, 30000).unref();

const first = client();
let authenticated = once(first, "authenticated");
first.connect();
await authenticated;

const body = { msgid: "M1", aibotid: "AIB", chatid: "CHAT", chattype: "group", from: { userid: "zhangsan" }, msgtype: "text" };
const heard = once(first, "message.text");
await order("push", { to: "aibot", frame: { cmd: "aibot_msg_callback", headers: { req_id: "REQ-1" }, body: { ...body, text: { content: "@小知 年假怎么请" } } } });
const frame = await heard;
wanted("the message comes as it was sent", frame.body.text.content === "@小知 年假怎么请" && frame.headers.req_id === "REQ-1");
wanted("a stream grows", (await first.replyStream(frame, "S1", "思考中…", false)).errcode === 0);
wanted("a stream ends", (await first.replyStream(frame, "S1", "**年假** 走 OA", true)).errcode === 0);
const late = await first.replyStream(frame, "S1", "再来", true).catch((error) => error);
wanted("an ended stream is refused", JSON.stringify(late).includes("846608") || String(late?.message).includes("846608"));

const entered = once(first, "event.enter_chat");
const event = { msgid: "M2", create_time: 1760000000, aibotid: "AIB", from: { userid: "zhangsan" }, msgtype: "event", event: { eventtype: "enter_chat" } };
await order("push", { to: "aibot", frame: { cmd: "aibot_event_callback", headers: { req_id: "REQ-2" }, body: event } });
wanted("a greeting is taken", (await first.replyWelcome(await entered, { msgtype: "text", text: { content: "您好" } })).errcode === 0);
wanted("a push is taken", (await first.sendMessage("zhangsan", { msgtype: "markdown", markdown: { content: "主动推送" } })).errcode === 0);
wanted("a file is taken", (await first.uploadMedia(Buffer.from("PNGDATA"), { type: "image", filename: "a.png" })).media_id === "MID1");
await new Promise((resolve) => setTimeout(resolve, 800));

const replaced = once(first, "event.disconnected_event");
const second = client();
authenticated = once(second, "authenticated");
second.connect();
await authenticated;
await replaced;
second.disconnect();
first.disconnect();
process.exit(0);
