"""WeChat for accounts that can only answer WeChat's own calls."""

import threading
import time

from .callers import Wechat
from .runner import check, equal, expect
from .wechat import QUESTION, person


def side(ctx):
    """The side of WeChat."""
    return Wechat(ctx.yunzhu, ctx.stand_in, ctx.opener)


@check("an answer comes in the reply, and nothing is sent by the API")
def direct(ctx):
    caller, user = side(ctx), person()
    expect("sshd" in caller.text(user, QUESTION), "no answer")
    ctx.stand_in.none("wechat.send", after=ctx.at, match=user, seconds=2)


@check("an answer that takes six seconds comes with the second call, once")
def second_call(ctx):
    caller, user = side(ctx), person()
    slow(ctx, caller, user, 6.5)
    expect("sshd" in (reply := caller.text(user, QUESTION) or ""), f"no answer: {reply!r}")
    again = caller.text(user, "继续")
    expect(not again or "sshd" not in again, f"the answer came twice: {again!r}")


@check("who waits for an answer of twenty seconds is told so at the third call, and fetches it with 继续")
def fetched(ctx):
    caller, user = side(ctx), person()
    slow(ctx, caller, user, 20)
    reply = caller.text(user, QUESTION)
    expect(reply and "继续" in reply, f"no hint: {reply!r}")
    time.sleep(6)
    # What was said to the picture comes first; both do not fit into one message.
    answers = [caller.text(user, "继续"), caller.text(user, "继续")]
    equal(sum("sshd" in (answer or "") for answer in answers), 1, f"the answer in {answers}")
    ctx.stand_in.none("wechat.send", after=ctx.at, match=user)


@check("what an agent said comes with the answer to the next message")
def agent(ctx):
    caller, user = side(ctx), person()
    caller.text(user, "转人工")
    ticket = ctx.yunzhu.ticket(f"wechat:{user}")
    ctx.yunzhu.take(ticket)
    ctx.yunzhu.say(ticket, "请提供实例号")
    ctx.stand_in.none("wechat.send", after=ctx.at, match=user)
    reply = caller.text(user, "在吗")
    expect(reply and "请提供实例号" in reply, f"what the agent said is not there: {reply!r}")
    reply = caller.text(user, "i-123456")
    expect(not reply or "请提供实例号" not in reply, f"it came twice: {reply!r}")
    equal(ctx.yunzhu.packet(ticket).count("请提供实例号") >= 1, True, "the transcript has it")


def slow(ctx, caller, user, seconds):
    """A picture of the same person keeps the turns after it waiting."""
    ctx.stand_in.order("media", platform="wechat", id=user, name="slow.png", type="image/png", base64="iVBORw0KGgo=")
    ctx.stand_in.order("fault", at="wechat.media", delay=seconds)
    # WeChat calls once more for the picture itself; its answers are not looked at.
    picture = caller.message(user, "image", PicUrl="http://x/", MediaId=user)
    threading.Thread(target=side(ctx).deliver, args=(picture,), daemon=True).start()
    time.sleep(0.5)
