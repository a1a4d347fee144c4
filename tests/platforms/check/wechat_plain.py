"""WeChat without an EncodingAESKey, with menu messages."""

import time

from .callers import Wechat, http
from .runner import check, equal, expect
from .wechat import QUESTION, person


def side(ctx):
    """The side of WeChat in plain mode."""
    return Wechat(ctx.yunzhu, ctx.stand_in, ctx.opener, "plain")


@check("a plain question is answered in plain XML")
def plain(ctx):
    reply = side(ctx).text(person(), QUESTION)
    expect("sshd" in reply, f"no answer: {reply[:200]}")


@check("a choice comes as a menu message, and a tap on it is answered")
def menu(ctx):
    caller, user = side(ctx), person()
    direct = caller.text(user, "Redis")
    menus = ctx.stand_in.wait("wechat.send", after=ctx.at, match=user)
    equal(menus[0]["outcome"], 0, f"the menu after {direct!r}")
    item = menus[0]["body"]["msgmenu"]["list"][1]
    reply = caller.deliver(caller.message(user, "text", Content=item["content"], bizmsgmenuid=item["id"]))
    expect(reply and "内存" in reply, f"not what was tapped: {reply!r}")


@check("a signature by another token is refused")
def forged(ctx):
    caller = side(ctx)
    query, body = caller.request(caller.message(person(), "text", Content="x"))
    answer = http().post(ctx.yunzhu.base + Wechat.path, params={**query, "signature": "0" * 40}, data=body.encode(), timeout=5)
    equal(answer.status_code, 403, "the status")


@check("menus of long ago say what stood on them")
def old_menu(ctx):
    caller, user = side(ctx), person()
    reply = caller.deliver(caller.message(user, "text", Content=QUESTION, bizmsgmenuid="no-such-id"))
    time.sleep(0.5)
    said = [text for text in [reply] if text] + caller.sent(user, ctx.at)
    expect(any("sshd" in text for text in said), f"no answer: {said}")
