"""Customer service in WeChat: bells, pages by cursor, answers with their quota."""

import time

from .callers import Kf, number
from .runner import check, equal, expect

QUESTION = "服务器 SSH 连不上怎么办"
ACCOUNT = f"wk{number()}"


def side(ctx, account=ACCOUNT):
    """The side of customer service."""
    return Kf(ctx.yunzhu, ctx.stand_in, account)


def person():
    """A customer who has never written."""
    return f"wm{number()}"


@check("what was written before it was set up is read and not answered")
def backlog(ctx):
    caller, user = side(ctx), person()
    ctx.stand_in.order("flags", kf_page=2)
    hour = int(time.time()) - 3600
    caller.ring(*[caller.text(user, f"旧消息 {at}", hour + at) for at in range(7)])
    pages = ctx.stand_in.wait("kf.sync", after=ctx.at, count=4)
    equal(pages[-1]["answer"]["has_more"], 0, "more after the last page")
    ctx.stand_in.order("flags", kf_page=1000)
    ctx.stand_in.none("kf.send", after=ctx.at)


@check("a question is answered with text in parts that fit")
def question(ctx):
    caller, user = side(ctx), person()
    caller.ring(caller.text(user, QUESTION))
    time.sleep(2)
    bodies = caller.sent("kf.send", ctx.at, user)
    expect(any("sshd" in str(body) for body in bodies), f"no answer: {bodies}")
    expect(all(body["open_kfid"] == ACCOUNT and body["msgid"] for body in bodies), "account or msgid is missing")


@check("three bells for one message fetch it and answer once")
def bells(ctx):
    caller, user = side(ctx), person()
    caller.ring(caller.text(user, "你好"))
    caller.ring()
    caller.ring()
    ctx.stand_in.wait("kf.sync", after=ctx.at, count=3)
    time.sleep(1)
    equal(len(caller.sent("kf.send", ctx.at, user)), 1, "answers")


@check("a choice is a menu, and a tap on it is answered")
def menu(ctx):
    caller, user = side(ctx), person()
    caller.ring(caller.text(user, "Redis"))
    menus = [body for body in caller.sent("kf.send", ctx.at, user) if body["msgtype"] == "msgmenu"]
    click = menus[0]["msgmenu"]["list"][1]["click"]
    before = ctx.stand_in.now()
    caller.ring(caller.text(user, click["content"], menu_id=click["id"]))
    expect("内存" in str(caller.sent("kf.send", before, user)), "not what was tapped")


@check("who opens the chat is greeted by the code of the event, which is used once")
def welcome(ctx):
    caller, user = side(ctx), person()
    code = f"code{number()}"
    caller.ring(caller.event(user, "enter_session", scene="s", scene_param="p", welcome_code=code))
    greeted = ctx.stand_in.wait("kf.welcome", after=ctx.at, match=code)
    equal(greeted[0]["outcome"], 0, "the greeting")
    time.sleep(1)
    equal(len(ctx.stand_in.all("kf.welcome", after=ctx.at)), 1, "greetings")
    ctx.stand_in.none("kf.send", after=ctx.at, match=user, seconds=0.3)
    before = ctx.stand_in.now()
    caller.ring(caller.text(user, "你好"))
    equal(len(caller.sent("kf.send", before, user)), 1, "answers to what was said then")


@check("events of no use are answered to nobody")
def odd_events(ctx):
    caller, user = side(ctx), person()
    caller.ring(caller.event(user, "user_recall_msg", recall_msgid="x"), caller.event(user, "session_status_change"))
    ctx.stand_in.wait("kf.sync", after=ctx.at)
    ctx.stand_in.none("kf.send", "kf.welcome", after=ctx.at, match=user)


@check("a picture is fetched and stands in the ticket")
def image(ctx):
    caller, user = side(ctx), person()
    ctx.stand_in.order("media", platform="wecom", id="KFPIC", name="kf.png", type="image/png", base64="iVBORw0KGgoAAAANSUhEUg==")
    caller.ring(caller.text(user, "转人工"))
    ticket = ctx.yunzhu.ticket(f"wechat-kf:{user}")
    caller.ring(caller.said(user, "image", media_id="KFPIC"))
    ctx.yunzhu.wait_packet(ticket, "kf.png")


@check("an agent learns that a message did not arrive")
def failed(ctx):
    caller, user = side(ctx), person()
    caller.ring(caller.text(user, "转人工"))
    ticket = ctx.yunzhu.ticket(f"wechat-kf:{user}")
    ctx.yunzhu.take(ticket)
    caller.ring(caller.event(user, "msg_send_fail", fail_msgid="x", fail_type=10))
    ctx.yunzhu.wait_packet(ticket, "没有送达")


@check("the quota of five is kept, and the rest comes when the customer writes again, in order")
def quota(ctx):
    caller, user = side(ctx), person()
    caller.ring(caller.text(user, "转人工"))
    ticket = ctx.yunzhu.ticket(f"wechat-kf:{user}")
    ctx.yunzhu.take(ticket)
    for at in range(5):
        ctx.yunzhu.say(ticket, f"第{at}句话")
    ctx.yunzhu.wait_packet(ticket, "下次发言后")
    refused = [event for event in ctx.stand_in.all("kf.send", after=ctx.at, match=user) if event["outcome"] != 0]
    expect(len(refused) <= 1, f"asked in spite of the quota: {refused}")
    caller.ring(caller.text(user, "收到"))
    time.sleep(2)
    sent = [event["body"]["text"]["content"] for event in ctx.stand_in.all("kf.send", after=ctx.at, match="句话") if event["outcome"] == 0]
    equal([text[-4:] for text in sent], [f"第{at}句话" for at in range(5)], "all of them once and in order")


@check("in a session of an agent of WeCom yunzhu is silent")
def with_people(ctx):
    caller, user = side(ctx), person()
    ctx.stand_in.order("kf_state", user=user, state=3)
    caller.ring(caller.text(user, "你好"))
    refused = ctx.stand_in.wait("kf.send", after=ctx.at, match=user)
    equal(refused[0]["outcome"], 95018, "the answer of the platform")
    ctx.stand_in.none("kf.send", after=refused[0]["seq"], match=user, seconds=2)


@check("a page whose answer was lost is fetched again, and nothing is answered twice")
def lost_page(ctx):
    caller, user = side(ctx), person()
    ctx.stand_in.order("fault", at="kf.sync", drop_after=True)
    caller.ring(caller.text(user, "你好"))
    ctx.stand_in.wait("kf.sync", after=ctx.at, count=2)
    time.sleep(1.5)
    equal(len(caller.sent("kf.send", ctx.at, user)), 1, "answers")


@check("an answer whose taking was lost is sent with the same id, and shown once")
def lost_answer(ctx):
    caller, user = side(ctx), person()
    ctx.stand_in.order("fault", at="kf.send", match=user, drop_after=True)
    caller.ring(caller.text(user, "你好"))
    tried = ctx.stand_in.wait("kf.send", after=ctx.at, match=user, count=2)
    equal(len({event["body"]["msgid"] for event in tried}), 1, "ids")
    equal([event["answer"].get("again", False) for event in tried], [False, True], "shown")


@check("a crash in the middle and a restart answer nothing twice and lose nothing")
def crash(ctx):
    caller, user = side(ctx), person()
    caller.ring(caller.text(user, "你好"))
    caller.sent("kf.send", ctx.at, user)
    before = ctx.stand_in.now()
    ctx.yunzhu.kill()
    # Nobody hears the bell for this one.
    other = person()
    caller.keep(caller.text(other, "你好"))
    ctx.yunzhu.start()
    caller.sent("kf.send", before, other)
    time.sleep(1)
    equal(len(caller.sent("kf.send", before, other)), 1, "answers to what was said meanwhile")
    ctx.stand_in.none("kf.send", after=before, match=user, seconds=0.3)


@check("sixty customers at once and a crash in the middle: each is answered, and shown it once")
def burst(ctx):
    caller, users = side(ctx), [person() for _ in range(60)]
    before = ctx.stand_in.now()
    caller.ring(*[caller.text(user, "你好") for user in users])
    ctx.stand_in.wait("kf.send", after=before, count=15)
    ctx.yunzhu.kill()
    ctx.yunzhu.start()
    ctx.stand_in.wait("kf.send", after=before, count=60, seconds=15)
    time.sleep(2)
    sent = [event for event in ctx.stand_in.all("kf.send", after=before) if event["outcome"] == 0]
    shown = sorted(event["body"]["touser"] for event in sent if not event["answer"].get("again"))
    equal(len(set(users) - set(shown)), 0, "customers without an answer")
    equal(shown, sorted(users), "answers")


@check("a fetch that is refused at the start keeps no other account waiting, and is made again")
def refused_fetch(ctx):
    caller, user = side(ctx), person()
    ctx.yunzhu.kill()
    caller.keep(caller.text(user, "你好"))
    busy = {"errcode": 45009, "errmsg": "api freq out of limit"}
    ctx.stand_in.order("fault", at="kf.sync", match=f'"{ACCOUNT}"', times=3, answer=busy)
    ctx.yunzhu.start()
    ctx.stand_in.wait("kf.sync", after=ctx.at, match=ACCOUNT)
    other, stranger = side(ctx, f"wk{number()}"), person()
    other.ring(other.text(stranger, "你好"))
    ctx.stand_in.wait("kf.send", after=ctx.at, match=stranger, seconds=3)
    ctx.stand_in.wait("kf.send", after=ctx.at, match=user, seconds=15)


@check("in a session that has ended an answer waits until the customer writes")
def ended(ctx):
    caller, user = side(ctx), person()
    caller.ring(caller.text(user, "转人工"))
    ticket = ctx.yunzhu.ticket(f"wechat-kf:{user}")
    ctx.yunzhu.take(ticket)
    caller.sent("kf.send", ctx.at, user, count=2)
    ctx.stand_in.order("kf_state", user=user, state=4)
    ctx.yunzhu.say(ticket, "会话结束后的话")
    refused = ctx.stand_in.wait("kf.send", after=ctx.at, match="会话结束后")
    ctx.yunzhu.wait_packet(ticket, "下次发言后")
    caller.ring(caller.text(user, "在吗"))
    sent = ctx.stand_in.wait("kf.send", after=refused[-1]["seq"], match="会话结束后")
    equal(sent[0]["outcome"], 0, "the answer of the platform")


@check("a bell for an account that never rang fetches that account")
def second_account(ctx):
    caller, user = side(ctx, f"wk{number()}"), person()
    caller.ring(caller.text(user, "你好"))
    equal(caller.sent("kf.send", ctx.at, user)[0]["open_kfid"], caller.account, "the account")
