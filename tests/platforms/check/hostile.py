"""Calls that are signed and sealed rightly and hold what no platform would send: nothing of it may break the program."""

import json

from .callers import Bot, Dingtalk, Wechat, Work, http
from .runner import check, equal, expect

HEAD = "<ToUserName>t</ToUserName><FromUserName>u</FromUserName><CreateTime>{at}</CreateTime>"
ODD_XML = [
    "", "<", "not xml", "<xml/>", "<xml></xml>", "<xml>" * 5000 + "</xml>" * 5000, "<a>" * 200_000,
    f"<xml>{HEAD.format(at='x')}<MsgType>text</MsgType><Content>a</Content><MsgId>1</MsgId></xml>",
    f"<xml>{HEAD.format(at=-(2**63))}<MsgType>text</MsgType><Content>a</Content><MsgId>odd-1</MsgId></xml>",
    f"<xml>{HEAD.format(at=2**63 - 1)}<MsgType>text</MsgType><Content>\x00\u202e</Content><MsgId>odd-2</MsgId></xml>",
    f"<xml>{HEAD.format(at=2**80)}<MsgType>text</MsgType><Content>a</Content></xml>",
    f"<xml>{HEAD.format(at=5)}<MsgType>text</MsgType><Content>{'长' * 100_000}</Content><MsgId>odd-3</MsgId></xml>",
    f"<xml>{HEAD.format(at=5)}<MsgType>text</MsgType><Content></Content><MsgId>odd-4</MsgId></xml>",
    f"<xml>{HEAD.format(at=5)}<MsgType>event</MsgType></xml>",
    f"<xml>{HEAD.format(at=5)}<MsgType>event</MsgType><Event>CLICK</Event><EventKey>{'k' * 5000}</EventKey></xml>",
    f"<xml>{HEAD.format(at=5)}<MsgType>{'m' * 5000}</MsgType><MsgId>{'9' * 5000}</MsgId></xml>",
    '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><xml><FromUserName>&b;</FromUserName></xml>',
    "<xml><![CDATA[ ]]]]><![CDATA[> ]]></xml>",
]
ODD_JSON = [
    None, 7, "text", [], {}, {"msgid": 7}, {"msgid": "x", "msgtype": "text"}, {"msgid": "", "msgtype": "text", "from": {"userid": "u"}},
    {"msgid": "odd-1", "msgtype": "text", "from": {"userid": "u"}, "text": "no object"},
    {"msgid": "odd-2", "msgtype": "text", "from": {"userid": "u" * 5000}, "text": {"content": "a"}},
    {"msgid": "o" * 5000, "msgtype": "text", "from": {"userid": "u"}, "text": {"content": "\x00\u202e"}},
    {"msgid": "odd-3", "msgtype": "event", "from": {"userid": "u"}, "event": {"eventtype": "feedback_event", "feedback_event": {"id": "../x", "type": 99}}},
    {"msgid": "odd-4", "msgtype": "event", "from": {"userid": "u"}, "event": []},
    {"msgid": "odd-5", "msgtype": "stream", "stream": {"id": "no-such-stream"}},
    {"msgid": "odd-6", "msgtype": "mixed", "from": {"userid": "u"}, "mixed": {"msg_item": [1, None, {"msgtype": "image"}]}},
    {"msgid": "odd-7", "msgtype": "image", "from": {"userid": "u"}, "image": {"url": "file:///etc/passwd"}},
    {"msgid": "odd-8", "msgtype": "image", "from": {"userid": "u"}, "image": {"url": "http://169.254.169.254/latest"}},
]


def fits(answer, what):
    """A refusal or an acknowledgement, never a failure."""
    expect(answer.status_code in (200, 403), f"{answer.status_code} to {str(what)[:120]!r}")


@check("sealed XML of any kind is taken or refused")
def xml(ctx):
    wechat = Wechat(ctx.yunzhu, ctx.stand_in, ctx.opener)
    for path in ("/webhooks/wecom", "/webhooks/wecom/kf"):
        work = Work(ctx.yunzhu, ctx.stand_in, path)
        for odd in ODD_XML:
            fits(work.post(*work.request(odd), timeout=20), odd)
    for odd in ODD_XML:
        fits(wechat.post(*wechat.request(odd), timeout=20), odd)


@check("sealed and signed JSON of any kind is taken or refused")
def json_of_any_kind(ctx):
    bot, dingtalk = Bot(ctx.yunzhu, ctx.stand_in, ctx.opener), Dingtalk(ctx.yunzhu, ctx.stand_in)
    for odd in ODD_JSON:
        query, body = bot.request(odd)
        fits(bot.session.post(ctx.yunzhu.base + Bot.path, params=query, data=body, timeout=20), odd)
    good = dingtalk.message("odd", "你好")
    odd_dingtalk = [
        {}, [], {**good, "msgId": 7}, {**good, "msgId": "o" * 5000}, {**good, "text": []}, {**good, "msgtype": "text" * 1000},
        {**good, "msgId": "odd1", "createAt": 2**63 - 1}, {**good, "msgId": "odd2", "sessionWebhookExpiredTime": -(2**63)},
        {**good, "msgId": "odd3", "sessionWebhook": "http://169.254.169.254/x"}, {**good, "msgId": "odd4", "senderStaffId": "人" * 2000},
        {**good, "msgId": "odd5", "text": {"content": "长" * 100_000}}, {**good, "msgId": "odd6", "conversationType": "2", "conversationId": None},
    ]
    for odd in odd_dingtalk:
        fits(dingtalk.post(odd), odd)
    deep = b"[" * 500_000
    fits(dingtalk.session.post(ctx.yunzhu.base + Dingtalk.path, data=deep, headers=dingtalk.headers(), timeout=20), "deep JSON")


@check("broken queries and bodies are refused")
def broken(ctx):
    for path in (Wechat.path, "/webhooks/wecom", "/webhooks/wecom/kf", Bot.path):
        for query in ("", "?", "?msg_signature", "?msg_signature=%ff%fe&timestamp=1&nonce=%00", "?" + "a=1&" * 3000, "?signature=1&signature=2"):
            answer = http().post(ctx.yunzhu.base + path + query, data=b"\xff\xfe\x00", timeout=10)
            expect(answer.status_code in (403, 414, 431), f"{answer.status_code} to {path}{query[:60]}")
            answer = http().get(ctx.yunzhu.base + path + query, timeout=10)
            expect(answer.status_code in (403, 414, 431), f"{answer.status_code} to GET {path}{query[:60]}")


@check("after all that people are answered as before")
def alive(ctx):
    expect(ctx.yunzhu.process.poll() is None, "the program has ended")
    bot = Bot(ctx.yunzhu, ctx.stand_in, ctx.opener)
    expect("sshd" in bot.text(f"after{ctx.at}", "服务器 SSH 连不上怎么办")["content"], "no answer")
    equal(json.loads(ctx.yunzhu.session.get(f"{ctx.yunzhu.base}/readyz", timeout=5).text).get("status"), "ready", "readiness")
