"""DingTalk by HTTP: signed calls, answers at the session's address, then by the API."""

import time

from .callers import Dingtalk, number
from .runner import check, equal, expect

QUESTION = "服务器 SSH 连不上怎么办"


def side(ctx):
    """The side of DingTalk."""
    return Dingtalk(ctx.yunzhu, ctx.stand_in)


def person():
    """A member who has never written."""
    return f"staff{number()}"


def session_of(message):
    """What marks the address of a message's session."""
    return message["sessionWebhook"].rsplit("=", 1)[1]


@check("a signed question is answered at the session's address, as Markdown")
def question(ctx):
    caller = side(ctx)
    message = caller.message(person(), QUESTION)
    caller.deliver(message)
    said = ctx.stand_in.wait("dingtalk.session", after=ctx.at, match=f'"{session_of(message)}"')
    equal((said[0]["outcome"], said[0]["body"]["msgtype"]), (0, "markdown"), "the answer")
    expect("sshd" in said[0]["body"]["markdown"]["text"], "no answer about SSH")
    ctx.stand_in.none("dingtalk.direct", after=ctx.at)


@check("the same message three times is answered once")
def repeated(ctx):
    caller = side(ctx)
    message = caller.message(person(), "你好")
    for _ in range(3):
        caller.deliver(message)
    time.sleep(1.2)
    equal(len(ctx.stand_in.all("dingtalk.session", after=ctx.at, match=f'"{session_of(message)}"')), 1, "answers")


@check("calls that are forged, older than an hour or in seconds get 403 with one same body")
def forged(ctx):
    caller = side(ctx)
    message, now = caller.message(person(), QUESTION), int(time.time() * 1000)
    good = caller.headers()
    bad = [
        {**good, "sign": good["sign"][::-1]},
        {**good, "timestamp": str(now + 1)},
        caller.headers(secret="another"),
        caller.headers(at=now - 3_700_000),
        caller.headers(at=now + 3_700_000),
        caller.headers(at=now // 1000),
        {"Content-Type": "application/json"},
    ]
    answers = [caller.post(message, headers) for headers in bad]
    answers.append(caller.session.post(caller.yunzhu.base + caller.path, data=b"{", headers=good, timeout=5))
    equal([answer.status_code for answer in answers], [403] * len(answers), "statuses")
    equal(len({answer.text for answer in answers}), 1, "bodies")
    ctx.stand_in.none("dingtalk.session", "dingtalk.direct", after=ctx.at)


@check("in a group the one who asked is named, and each has a conversation of their own")
def group(ctx):
    caller, user, other = side(ctx), person(), person()
    message = caller.message(user, "Redis", group="cidGroup1")
    caller.deliver(message)
    said = ctx.stand_in.wait("dingtalk.session", after=ctx.at, match=f'"{session_of(message)}"')
    body = said[0]["body"]
    equal(body["at"]["atUserIds"], [user], "who is named")
    expect(f"@{user}" in str(body[body["msgtype"]]), "the @ does not stand in the text")
    message = caller.message(other, "2", group="cidGroup1")
    caller.deliver(message)
    said = ctx.stand_in.wait("dingtalk.session", after=ctx.at, match=f'"{session_of(message)}"')
    expect("maxmemory" not in str(said[0]["body"]), "somebody else's choice was taken")


@check("where the session is over the answer comes by the API")
def expired(ctx):
    caller, user = side(ctx), person()
    caller.deliver(caller.message(user, "你好", seconds=-5))
    sent = ctx.stand_in.wait("dingtalk.direct", after=ctx.at, match=user)
    equal((sent[0]["outcome"], sent[0]["body"]["userIds"]), (0, [user]), "the message")


@check("where the platform ended the session early the answer comes by the API")
def ended_early(ctx):
    caller, user = side(ctx), person()
    caller.deliver(caller.message(user, "你好", seconds=-5, says=5400))
    refused = ctx.stand_in.wait("dingtalk.session", after=ctx.at)
    equal(refused[0]["outcome"], 300001, "the answer of the session")
    sent = ctx.stand_in.wait("dingtalk.direct", after=ctx.at, match=user)
    equal(sent[0]["outcome"], 0, "the message")


@check("a late message to a group goes to the group")
def late_group(ctx):
    caller, user = side(ctx), person()
    caller.deliver(caller.message(user, "你好", group="cidGroup2", seconds=-5))
    sent = ctx.stand_in.wait("dingtalk.group", after=ctx.at, match="cidGroup2")
    equal(sent[0]["outcome"], 0, "the message")


@check("an ended token of the API is fetched once")
def token(ctx):
    caller, user = side(ctx), person()
    caller.deliver(caller.message(user, "你好", seconds=-5))
    ctx.stand_in.wait("dingtalk.direct", after=ctx.at, match=user)
    ctx.stand_in.order("expire", of="dingtalk")
    before = ctx.stand_in.now()
    caller.deliver(caller.message(user, "谢谢", seconds=-5))
    tried = ctx.stand_in.wait("dingtalk.direct", after=before, match=user, count=2)
    equal([event["outcome"] for event in tried], [400, 0], "the tries")
    equal(len(ctx.stand_in.all("dingtalk.token", after=before)), 1, "tokens")


@check("an address that is none of the platform's is not called")
def foreign_address(ctx):
    caller, user = side(ctx), person()
    message = caller.message(user, "你好")
    message["sessionWebhook"] = message["sessionWebhook"].replace("127.0.0.1", "localhost")
    caller.deliver(message)
    ctx.stand_in.wait("dingtalk.direct", after=ctx.at, match=user)
    ctx.stand_in.none("dingtalk.session", after=ctx.at, seconds=0.5)


@check("a picture in a message is fetched and stands in the ticket")
def picture(ctx):
    caller, user = side(ctx), person()
    ctx.stand_in.order("media", platform="dingtalk", id="CODE1", name="a.png", type="image/png", base64="iVBORw0KGgoAAAANSUhEUg==")
    caller.deliver(caller.message(user, "转人工"))
    ticket = ctx.yunzhu.ticket(f"dingtalk:{user}")
    rich = {"richText": [{"text": "看这个"}, {"type": "picture", "downloadCode": "CODE1"}]}
    caller.deliver({**caller.message(user, ""), "msgtype": "richText", "content": rich})
    ctx.stand_in.wait("dingtalk.file", after=ctx.at)
    ctx.yunzhu.wait_packet(ticket, "看这个")
    ctx.yunzhu.wait_packet(ticket, "picture-1")


@check("what an agent says comes at the session's address")
def desk(ctx):
    caller, user = side(ctx), person()
    caller.deliver(caller.message(user, "转人工"))
    ticket = ctx.yunzhu.ticket(f"dingtalk:{user}")
    ctx.yunzhu.take(ticket)
    ctx.yunzhu.say(ticket, "钉钉上的话")
    said = ctx.stand_in.wait("dingtalk.session", after=ctx.at, match="钉钉上的话")
    equal(said[0]["outcome"], 0, "the message")
