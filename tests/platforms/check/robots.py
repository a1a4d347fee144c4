"""Robots of groups: alerts are signed, and no more than twenty leave in a minute."""

import time

from .callers import Work
from .runner import check, equal, expect
from .wecom_app import person


@check("an alert comes to both robots, signed where DingTalk wants it")
def alert(ctx):
    caller = Work(ctx.yunzhu, ctx.stand_in, "/webhooks/wecom")
    for _ in range(6):
        user = person()
        caller.deliver(caller.message(user, "text", Content="生产环境全部宕机了，所有服务器都连不上，业务完全中断，非常紧急！"))
    said = ctx.stand_in.wait("dingtalk.robot", after=ctx.at, seconds=15)
    equal(said[0]["outcome"], 0, f"the answer of DingTalk: {said[0]}")
    told = ctx.stand_in.wait("wecom.robot", after=ctx.at, seconds=5)
    equal(told[0]["outcome"], 0, f"the answer of WeCom: {told[0]}")
    words = said[0]["body"]["markdown"]["text"]
    expect(len(words) > 20, f"the words: {words}")


@check("both robots hear at most twenty messages a minute")
def limit(ctx):
    caller = Work(ctx.yunzhu, ctx.stand_in, "/webhooks/wecom")
    products = ["ECS", "RDS", "Redis", "OSS", "SLB", "CDN", "DNS", "VPN", "Kafka", "MySQL", "K8s", "Elasticsearch"]
    for at in range(36):
        text = f"{products[at % 12]} 在华东{at % 3}区全部宕机，业务完全中断，生产环境故障，非常紧急，转人工"
        caller.deliver(caller.message(person(), "text", Content=text))
    time.sleep(8)
    for kind in ("dingtalk.robot", "wecom.robot"):
        events = ctx.stand_in.all(kind)
        expect(len(events) <= 20, f"{kind}: {len(events)} messages")
        wrong = [event["outcome"] for event in events if event["outcome"] != 0]
        equal(wrong, [], f"refusals of {kind}")
