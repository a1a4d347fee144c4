"""`yunzhu channel` at the command line, against the stand-in."""

import subprocess

from .callers import Dingtalk
from .dingtalk import person
from .runner import check, equal, expect
from .service import environment


def run(ctx, *arguments):
    """A command that may fail: status, and what it printed."""
    done = subprocess.run(ctx.yunzhu.command(*arguments), text=True, capture_output=True, env=environment(), timeout=60)
    return done.returncode, done.stdout + done.stderr


@check("`channel list` names what is set up, and shows no secret")
def lists(ctx):
    status, printed = run(ctx, "channel", "list")
    equal(status, 0, printed)
    for name in ("wechat", "wecom-bot", "wecom-app", "wecom-kf", "dingtalk"):
        expect(name in printed, f"{name} is not named: {printed}")


@check("`channel check` asks the platform whether it takes id and secret")
def asks(ctx):
    for name, kind in (("wecom-app", "wecom.token"), ("dingtalk", "dingtalk.token")):
        before = ctx.stand_in.now()
        _, printed = run(ctx, "channel", "check", name)
        asked = ctx.stand_in.wait(kind, after=before, seconds=1)
        equal(asked[0]["outcome"], 0, printed)


@check("`channel check` ends with 1 where the secret is wrong, and says what to do")
def wrong_secret(ctx):
    right = ctx.yunzhu.settings
    try:
        ctx.yunzhu.configure({**right, "wechat": {**right["wechat"], "app_secret": "a-wrong-one"}})
        status, printed = run(ctx, "channel", "check", "wechat")
    finally:
        ctx.yunzhu.configure(right)
    equal(status, 1, printed)
    expect("40125" in printed and "a-wrong-one" not in printed, printed)


@check("what was given up is listed, and can be sent again")
def resend(ctx):
    caller, user = Dingtalk(ctx.yunzhu, ctx.stand_in), person()
    refused = {"code": "Forbidden.AccessDenied", "message": "no"}
    ctx.stand_in.order("fault", at="dingtalk.direct", match=user, answer=refused, status=403)
    caller.deliver(caller.message(user, "你好", seconds=-5))
    ctx.stand_in.wait("dingtalk.direct", after=ctx.at, match=user)
    before = ctx.stand_in.now()
    status, printed = run(ctx, "channel", "dead")
    expect(status == 0 and "dingtalk" in printed, printed)
    status, printed = run(ctx, "channel", "resend", "all")
    equal(status, 0, printed)
    sent = ctx.stand_in.wait("dingtalk.direct", after=before, match=user)
    equal(sent[0]["outcome"], 0, "the message")
