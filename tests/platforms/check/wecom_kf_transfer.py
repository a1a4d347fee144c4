"""Customer service in WeChat where a handoff goes to the people of WeCom."""

from .callers import Kf
from .runner import check, equal
from .wecom_kf import ACCOUNT, person


@check("a handoff puts the session into WeCom's queue, after the answer")
def transfer(ctx):
    caller, user = Kf(ctx.yunzhu, ctx.stand_in, ACCOUNT), person()
    caller.ring(caller.text(user, "转人工"))
    moved = ctx.stand_in.wait("kf.trans", after=ctx.at, match=user)
    equal((moved[0]["outcome"], moved[0]["body"]["service_state"]), (0, 2), "the change")
    said = ctx.stand_in.all("kf.send", after=ctx.at, match=user)
    equal([event["outcome"] for event in said], [0], "what was said before")
    before = ctx.stand_in.now()
    caller.ring(caller.text(user, "还在吗"))
    ctx.stand_in.none("kf.trans", after=before, match=user)
