"""The AI bot of WeCom by callback: streams that are asked for, verdicts, the address for one late answer."""

import base64
import threading
import time

import requests
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .callers import KEY, TOKEN, Bot, http, number
from .runner import check, equal, expect

QUESTION = "服务器 SSH 连不上怎么办"


def side(ctx):
    """The side of the bot."""
    return Bot(ctx.yunzhu, ctx.stand_in, ctx.opener)


def person():
    """A member who has never written."""
    return f"li{number()}"


def event(kind, **values):
    """An event of a bot."""
    return {"eventtype": kind, kind: values}


@check("the address is confirmed by opening the sealed echo, for nobody in particular")
def handshake(ctx):
    echo = ctx.opener.ask(key=KEY, message="echo-5", id="")["encrypt"]
    signature = ctx.opener.ask(token=TOKEN, timestamp="1", nonce="n", encrypt=echo)["signature"]
    query = {"msg_signature": signature, "timestamp": "1", "nonce": "n", "echostr": echo}
    answer = http().get(ctx.yunzhu.base + Bot.path, params=query, timeout=1)
    equal((answer.status_code, answer.text), (200, "echo-5"), "the echo")


@check("a question is answered with a finished stream that can be judged")
def question(ctx):
    caller = side(ctx)
    stream = caller.text(person(), QUESTION)
    expect("sshd" in stream["content"], f"no answer: {stream['content'][:200]}")
    expect(len(stream["content"].encode()) <= 20480, "too long")
    expect(0 < len(stream["feedback"]["id"].encode()) <= 256, f"no id of the verdict: {stream}")


@check("a slow answer begins as a stream, which ends when it is asked for again")
def refresh(ctx):
    caller, user = side(ctx), person()
    slow_file(ctx, caller, user, 5)
    first = caller.call(caller.message(user, "text", text={"content": QUESTION}))
    equal(first["stream"]["finish"], False, "the first answer is not the last")
    last, asked = caller.follow(first)
    expect("sshd" in last["stream"]["content"] and asked >= 1, f"after {asked}: {last}")
    ctx.stand_in.none("aibot.response", after=ctx.at, seconds=1)


@check("the same call again gives the same stream, and one turn")
def repeated(ctx):
    caller, user = side(ctx), person()
    message = caller.message(user, "text", text={"content": "转人工"})
    first = caller.follow(caller.call(message))[0]
    again = caller.follow(caller.call(message))[0]
    equal(again["stream"]["id"], first["stream"]["id"], "the stream")
    expect(again["stream"]["content"] in ("", first["stream"]["content"]), f"something else: {again}")
    equal(len(ctx.yunzhu.desk("GET", f"/tickets?user=wecom:{user}")["tickets"]), 1, "tickets")


@check("a choice can be answered with its number")
def choice(ctx):
    caller, user = side(ctx), person()
    expect("2" in caller.text(user, "Redis")["content"], "no numbered choice")
    chosen = caller.text(user, "2")["content"]
    expect("内存" in chosen, f"not the second one: {chosen[:200]}")


@check("in a group the bot's name is not part of the question")
def group(ctx):
    caller = side(ctx)
    message = caller.message(person(), "text", text={"content": f"@云助 {QUESTION}"})
    message |= {"chattype": "group", "chatid": f"chat{number()}"}
    expect("sshd" in caller.follow(caller.call(message))[0]["stream"]["content"], "no answer")


@check("voice is a question; a file is decrypted and kept")
def kinds(ctx):
    caller, user = side(ctx), person()
    answer = caller.follow(caller.call(caller.message(user, "voice", voice={"content": QUESTION})))[0]
    expect("sshd" in answer["stream"]["content"], "no answer to the voice")
    caller.text(user, "转人工")
    ticket = ctx.yunzhu.ticket(f"wecom:{user}")
    sealed = sealed_file(b"\x89PNG\r\n\x1a\n" + bytes(60))
    ctx.stand_in.order("media", platform="dingtalk", id="botfile", name="f", type="application/octet-stream", base64=sealed)
    caller.call(caller.message(user, "image", image={"url": f"{ctx.stand_in.base}/dingtalk/files/botfile"}))
    ctx.yunzhu.wait_packet(ticket, "image")
    expect("没能保存" not in ctx.yunzhu.packet(ticket), "the file was not kept")


@check("a verdict is taken and answered with nothing sealed")
def verdict(ctx):
    caller, user = side(ctx), person()
    stream = caller.text(user, QUESTION)
    judged = {**caller.message(user, "event"), "event": event("feedback_event", id=stream["feedback"]["id"], type=2, content="过时了")}
    equal(caller.call(judged), None, "the answer to a verdict")
    caller.text(user, "转人工")
    ticket = ctx.yunzhu.ticket(f"wecom:{user}")
    ctx.yunzhu.wait_packet(ticket, "过时了", 3)


@check("who opens the chat for the first time is greeted with text")
def enter(ctx):
    caller, user = side(ctx), person()
    entered = caller.message(user, "event", event=event("enter_chat"))
    answer = caller.call(entered)
    expect(answer, "nothing was answered")
    equal(answer["msgtype"], "text", "the form")
    expect("您好" in answer["text"]["content"], f"the greeting: {answer}")


@check("what an agent says late leaves by the address of the last message, once")
def late(ctx):
    caller, user = side(ctx), person()
    caller.text(user, "转人工")
    ticket = ctx.yunzhu.ticket(f"wecom:{user}")
    ctx.yunzhu.take(ticket)
    said = ctx.stand_in.wait("aibot.response", after=ctx.at, seconds=8)
    equal(said[0]["outcome"], 0, "the first late message")
    ctx.yunzhu.say(ticket, "机器人里的话")
    ctx.yunzhu.wait_packet(ticket, "下次发言后")
    before = ctx.stand_in.now()
    answer = caller.call(caller.message(user, "text", text={"content": "在吗"}))
    content = caller.follow(answer)[0]["stream"]["content"] if answer else ""
    if "机器人里的话" not in content:
        late = ctx.stand_in.wait("aibot.response", after=before, match="机器人里的话")
        equal(late[0]["outcome"], 0, "what was held back")


@check("a crash while a stream is asked for: the answer comes once, by the stream or by the address of the message")
def crash(ctx):
    caller, user = side(ctx), person()
    slow_file(ctx, caller, user, 4)
    first = caller.call(caller.message(user, "text", text={"content": QUESTION}))
    equal(first["stream"]["finish"], False, "the first answer is not the last")
    ctx.yunzhu.kill()
    ctx.yunzhu.start()
    last, _ = caller.follow(first, 25)
    time.sleep(8)
    late = [event for event in ctx.stand_in.all("aibot.response", after=ctx.at, match="sshd") if event["outcome"] == 0]
    equal(len(late) + ("sshd" in last["stream"]["content"]), 1, f"answers; the stream ended with {last['stream']['content'][:80]!r}")


@check("a stream that nobody asks for any more: the answer leaves by the address of the message")
def abandoned(ctx):
    caller, user = side(ctx), person()
    slow_file(ctx, caller, user, 3)
    first = caller.call(caller.message(user, "text", text={"content": QUESTION}))
    equal(first["stream"]["finish"], False, "the first answer is not the last")
    late = ctx.stand_in.wait("aibot.response", after=ctx.at, match="sshd", seconds=75)
    equal(late[0]["outcome"], 0, "the answer")


@check("forged calls get 403 with one same body")
def forged(ctx):
    caller = side(ctx)
    query, body = caller.request(caller.message(person(), "text", text={"content": "x"}))
    bad = [({**query, "msg_signature": "0" * 40}, body), (query, "{}"), (query, "not json"), ({}, body)]
    answers = [http().post(caller.yunzhu.base + caller.path, params=each, data=text, timeout=5) for each, text in bad]
    equal([answer.status_code for answer in answers], [403] * len(bad), "statuses")
    equal(len({answer.text for answer in answers}), 1, "bodies")


def sealed_file(content):
    """A file as WeCom gives it to a bot by callback: base64 of AES-256-CBC with the callback's key."""
    key = base64.b64decode(KEY + "=")
    rest = 32 - len(content) % 32
    sealer = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(sealer.update(content + bytes([rest]) * rest) + sealer.finalize()).decode()


def quietly(caller, message):
    """A call whose connection may break."""
    try:
        caller.call(message)
    except requests.RequestException:
        pass


def slow_file(ctx, caller, user, seconds):
    """A file of the same person keeps the turns after it waiting."""
    ctx.stand_in.order("media", platform="dingtalk", id=user, name="f", type="application/octet-stream", base64=sealed_file(b"x" * 40))
    message = caller.message(user, "file", file={"url": f"{ctx.stand_in.base}/dingtalk/files/{user}?delay={seconds}"})
    threading.Thread(target=quietly, args=(caller, message), daemon=True).start()
    time.sleep(0.5)
