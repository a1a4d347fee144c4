"""The AI bot of WeCom by a connection of ours."""

import time

from fake import aibot

from .callers import number
from .runner import check, equal, expect

QUESTION = "服务器 SSH 连不上怎么办"
RESPOND = "aibot_respond_msg"


def person():
    """A member who has never written."""
    return f"wang{number()}"


def frame(user, content, request=None, **values):
    """A message as a frame."""
    body = {"msgid": f"link{number()}", "aibotid": aibot.BOT_ID, "chattype": "single", "from": {"userid": user}}
    headers = {"req_id": request or f"req{number()}"}
    return {"cmd": "aibot_msg_callback", "headers": headers, "body": {**body, "msgtype": "text", "text": {"content": content}, **values}}


def push(ctx, frame, copies=1):
    """Sends a frame."""
    ctx.stand_in.order("push", to="aibot", frame=frame, copies=copies)


def answers(ctx, match, count=1, after=None, seconds=8.0):
    """Frames of ours but signs of life and subscriptions."""
    found = ctx.stand_in.wait("aibot.frame", after=ctx.at if after is None else after, match=match, count=count, seconds=seconds)
    return [event for event in found if event["frame"]["cmd"] not in ("ping", "aibot_subscribe")]


@check("the bot subscribes, and a question is answered by a finished stream with the same req_id")
def question(ctx):
    ctx.stand_in.wait("aibot.frame", match="aibot_subscribe")
    sent = frame(person(), QUESTION)
    push(ctx, sent)
    answer = answers(ctx, sent["headers"]["req_id"])[-1]
    equal((answer["frame"]["cmd"], answer["outcome"]), (RESPOND, 0), "the answer")
    stream = answer["frame"]["body"]["stream"]
    expect(stream["finish"] is True and "sshd" in stream["content"], f"the stream: {stream['content'][:200]}")
    expect(stream.get("feedback", {}).get("id"), "it cannot be judged")


@check("a frame that comes three times is answered once")
def duplicate(ctx):
    sent = frame(person(), "你好")
    push(ctx, sent, 3)
    answers(ctx, sent["headers"]["req_id"])
    time.sleep(1.2)
    equal(len(answers(ctx, sent["headers"]["req_id"])), 1, "answers")


@check("the same message under another req_id is answered once")
def again(ctx):
    sent = frame(person(), "你好")
    push(ctx, sent)
    answers(ctx, sent["headers"]["req_id"])
    other = {**sent, "headers": {"req_id": f"req{number()}"}}
    push(ctx, other)
    ctx.stand_in.none("aibot.frame", after=ctx.at, match=other["headers"]["req_id"])


@check("in a group the answer goes to the group")
def group(ctx):
    chat = f"chat{number()}"
    sent = frame(person(), f"@云助 {QUESTION}", chattype="group", chatid=chat)
    push(ctx, sent)
    expect("sshd" in str(answers(ctx, sent["headers"]["req_id"])[0]["frame"]), "no answer")


@check("who opens the chat is greeted with the req_id of that, within five seconds")
def enter(ctx):
    body = {"msgid": f"e{number()}", "create_time": int(time.time()), "aibotid": aibot.BOT_ID, "from": {"userid": person()}}
    request = f"req{number()}"
    event = {"cmd": "aibot_event_callback", "headers": {"req_id": request}, "body": {**body, "msgtype": "event", "event": {"eventtype": "enter_chat"}}}
    push(ctx, event)
    answer = answers(ctx, request, seconds=5)[0]
    equal((answer["frame"]["cmd"], answer["outcome"]), ("aibot_respond_welcome_msg", 0), "the greeting")


@check("the connection breaks before the answer was taken: a new one, and the answer once")
def broken_before(ctx):
    sent = frame(person(), QUESTION)
    ctx.stand_in.order("fault", at=RESPOND, drop=True, match=sent["headers"]["req_id"])
    push(ctx, sent)
    tried = answers(ctx, "sshd", count=2, seconds=15)
    ctx.stand_in.wait("aibot.open", after=ctx.at)
    equal([event["outcome"] for event in tried], ["dropped", 0], "the tries")
    time.sleep(1.5)
    equal(len(answers(ctx, "sshd")), 2, "frames with the answer")


@check("the connection breaks after the answer was taken: it is not shown twice")
def broken_after(ctx):
    sent = frame(person(), QUESTION)
    ctx.stand_in.order("fault", at=RESPOND, drop_after=True, match=sent["headers"]["req_id"])
    push(ctx, sent)
    ctx.stand_in.wait("aibot.open", after=ctx.at, seconds=15)
    time.sleep(8)
    shown = [event for event in answers(ctx, "sshd") if event["outcome"] == 0]
    ids = {(event["frame"]["cmd"], event["frame"]["headers"]["req_id"], event["frame"]["body"].get("stream", {}).get("id")) for event in shown}
    equal(len(ids), 1, f"ways by which it was shown: {ids}")


@check("an answer whose confirmation does not come is not shown twice")
def silent(ctx):
    sent = frame(person(), QUESTION)
    ctx.stand_in.order("fault", at=RESPOND, silent=True, match=sent["headers"]["req_id"])
    push(ctx, sent)
    time.sleep(10)
    shown = [event for event in answers(ctx, "sshd") if event["outcome"] == 0]
    ids = {(event["frame"]["cmd"], event["frame"]["headers"]["req_id"]) for event in shown}
    equal(len(ids), 1, f"ways by which it was shown: {ids}")


@check("what an agent says is pushed")
def desk(ctx):
    user = person()
    push(ctx, frame(user, "转人工"))
    answers(ctx, "T2")
    ticket = ctx.yunzhu.ticket(f"wecom:{user}")
    ctx.yunzhu.take(ticket)
    ctx.yunzhu.say(ticket, "长连接里的话")
    answer = answers(ctx, "长连接里的话")[0]
    equal((answer["frame"]["cmd"], answer["frame"]["body"]["chatid"], answer["outcome"]), ("aibot_send_msg", user, 0), "the push")


@check("what comes while the program is killed right after is answered once after the restart, or sent again")
def crash(ctx):
    sent = frame(person(), QUESTION)
    ctx.stand_in.order("fault", at=RESPOND, drop=True, match=sent["headers"]["req_id"])
    push(ctx, sent)
    ctx.stand_in.wait("aibot.frame", after=ctx.at, match=sent["headers"]["req_id"])
    ctx.yunzhu.kill()
    before = ctx.stand_in.now()
    ctx.yunzhu.start()
    answers(ctx, "sshd", after=before, seconds=10)
    time.sleep(1.5)
    shown = [event for event in answers(ctx, "sshd", after=before) if event["outcome"] == 0]
    equal(len(shown), 1, "answers after the restart")


@check("another program takes the bot's place: this one does not fight for it")
def replaced(ctx):
    import asyncio

    import aiohttp

    async def other():
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{ctx.stand_in.base}/aibot") as socket:
            body = {"bot_id": aibot.BOT_ID, "secret": aibot.SECRET}
            await socket.send_json({"cmd": "aibot_subscribe", "headers": {"req_id": "other"}, "body": body})
            await socket.receive_json()
            await asyncio.sleep(4)

    before = ctx.stand_in.now()
    asyncio.run(other())
    opened = ctx.stand_in.all("aibot.open", after=before)
    equal(len(opened), 1, "connections since")
    expect("another program" in ctx.yunzhu.tail(60), "the log does not say why")
