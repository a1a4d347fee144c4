"""Robots of groups: alerts are signed, and no more than twenty leave in a minute."""

import time

from .callers import Work
from .runner import check, equal, expect
from .wecom_app import person

# A ladder that climbs a step a second, so that one incident makes more alerts in a minute than a robot takes.
STEPS = 24
LADDER = 'window = "30m"\nreopen_within = "24h"\nmajor_reports = 100\nsame = ["product", "region", "kind"]\n' + "".join(
    f'[[ladder]]\ncode = "step{at}"\nlabel = {{ zh = "第{at}级", en = "Step {at}" }}\nafter = "{at}s"\n' for at in range(STEPS)
)


def report(ctx, text):
    """Somebody reports that everything is down."""
    caller = Work(ctx.yunzhu, ctx.stand_in, "/webhooks/wecom")
    caller.deliver(caller.message(person(), "text", Content=text))


@check("an alert comes to both robots, signed where DingTalk wants it")
def alert(ctx):
    report(ctx, "生产环境全部宕机了，所有服务器都连不上，业务完全中断，非常紧急！")
    said = ctx.stand_in.wait("dingtalk.robot", after=ctx.at, seconds=10)
    equal(said[0]["outcome"], 0, f"the answer of DingTalk: {said[0]}")
    told = ctx.stand_in.wait("wecom.robot", after=ctx.at, seconds=5)
    equal(told[0]["outcome"], 0, f"the answer of WeCom: {told[0]}")
    expect("第0级" in said[0]["body"]["markdown"]["text"], f"the words: {said[0]['body']}")


@check("each robot hears twenty messages in a minute, and what is more waits")
def limit(ctx):
    # The incident of the check before climbs on.
    ctx.stand_in.wait("dingtalk.robot", count=20, seconds=STEPS + 10)
    time.sleep(6)
    for kind in ("dingtalk.robot", "wecom.robot"):
        outcomes = [event["outcome"] for event in ctx.stand_in.all(kind)]
        equal(outcomes, [0] * 20, f"what {kind} was told")
    expect("20 messages a minute" in ctx.yunzhu.tail(200), "nothing waits")
