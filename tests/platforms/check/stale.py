"""What is older than `fresh_minutes` when the program starts again is not answered any more."""

import threading
import time

from .runner import check
from .wechat import QUESTION, person, quietly, side


@check("what a crash has left is not answered where it is too old")
def stale(ctx):
    caller, user = side(ctx, retries=False), person()
    ctx.stand_in.order("media", platform="wechat", id="OLD", name="a.png", type="image/png", base64="iVBORw0KGgo=")
    ctx.stand_in.order("fault", at="wechat.media", delay=4)
    for xml in (caller.message(user, "image", PicUrl="http://x/", MediaId="OLD"), caller.message(user, "text", Content=QUESTION)):
        threading.Thread(target=quietly, args=(side(ctx), xml), daemon=True).start()
        time.sleep(0.5)
    ctx.yunzhu.kill()
    ctx.yunzhu.start()
    ctx.stand_in.none("wechat.send", after=ctx.at, match=user, seconds=9)
