"""How fast calls are acknowledged: `python load.py [--rate 200] [--seconds 20]`.

Sealed messages of WeChat and of the WeCom app, half each, arrive at an even rate; all of them are sealed before the first
leaves, and they leave from a process of their own by connections that are kept. Time counts from when a call was due until
its answer was read. WeChat's calls hold the answer, so that theirs is the time of a whole turn; an app's is that of taking
the message in. Prints p50, p99 and the longest in milliseconds and what was not answered with 200; ends with 1 where p99 of
the app's calls is above --limit.
"""

import argparse
import asyncio
import multiprocessing
import os
import sys
import time

import aiohttp

from check.callers import Wechat, Work, fields, number
from check.context import settings
from check.service import Yunzhu
from check.stand_in import StandIn

TEXTS = ["你好", "服务器 SSH 连不上怎么办", "Redis", "谢谢", "网站报 502"]


def sealed(yunzhu, stand_in, count, people):
    """Calls as `(platform, path with query, body)`."""
    wechat, work = Wechat(yunzhu, stand_in, None), Work(yunzhu, stand_in, "/webhooks/wecom")
    run, calls = number(), []
    for at in range(count):
        user, text = f"load{run}x{at % people}", TEXTS[at % len(TEXTS)]
        if at % 2:
            query, body = work.request(work.message(user, "text", Content=text))
            calls.append(("wecom-app", work.path, query, body))
        else:
            if at < 2 * people:
                stand_in.order("wrote", platform="wechat", user=user, left=100_000, seconds=3600)
            head = {"ToUserName": "gh", "FromUserName": user, "CreateTime": int(time.time()), "MsgType": "text"}
            query, body = wechat.request(fields({**head, "MsgId": number(), "Content": text}))
            calls.append(("wechat", wechat.path, query, body))
    return calls




async def send(base, calls, rate):
    """Sends the calls at an even rate; gives `(platform, milliseconds, status)` for each."""
    measured = []
    connector = aiohttp.TCPConnector(limit=128, keepalive_timeout=60)
    async with aiohttp.ClientSession(base, connector=connector) as session:

        async def one(call, due):
            platform, path, query, body = call
            await asyncio.sleep(due - time.perf_counter())
            try:
                async with session.post(path, params=query, data=body.encode(), timeout=aiohttp.ClientTimeout(10)) as answer:
                    await answer.read()
                    status = answer.status
            except Exception as error:
                status = type(error).__name__
            measured.append((platform, (time.perf_counter() - due) * 1000, status))

        begun = time.perf_counter() + 0.5
        await asyncio.gather(*(one(call, begun + at / rate) for at, call in enumerate(calls)))
    return measured


def sender(base, calls, rate, results):
    """The process that sends."""
    results.put(asyncio.run(send(base, calls, rate)))


def share(sorted_times, part):
    """The time below which a part of the calls were."""
    return sorted_times[min(len(sorted_times) - 1, int(len(sorted_times) * part))]


def main():
    """Seals, sends, prints."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rate", type=int, default=200, help="calls a second, of both platforms together")
    options.add_argument("--seconds", type=int, default=20)
    options.add_argument("--people", type=int, default=500)
    options.add_argument("--limit", type=float, default=20.0, help="milliseconds")
    options = options.parse_args()
    stand_in = StandIn()
    yunzhu = Yunzhu("load", settings(stand_in))
    yunzhu.configure({**yunzhu.settings, "log": {"level": "error"}})
    try:
        yunzhu.start()
        calls = sealed(yunzhu, stand_in, options.rate * options.seconds, options.people)
        results = multiprocessing.Queue()
        process = multiprocessing.Process(target=sender, args=(yunzhu.base, calls, options.rate, results))
        process.start()
        measured = results.get(timeout=options.seconds + 60)
        process.join()
    finally:
        yunzhu.remove()
        stand_in.stop()
    slow = False
    for platform in ("wechat", "wecom-app"):
        times = sorted(ms for name, ms, _ in measured if name == platform)
        wrong = [status for name, _, status in measured if name == platform and status != 200]
        p99 = share(times, 0.99)
        slow |= platform == "wecom-app" and p99 > options.limit
        print(f"{platform}: {len(times)} calls, p50 {share(times, 0.5):.1f} ms, p99 {p99:.1f} ms, longest {times[-1]:.1f} ms, not 200: {len(wrong)} {sorted(set(map(str, wrong)))}")
    return 1 if slow else 0


if __name__ == "__main__":
    os.environ.setdefault("YUNZHU_PLATFORMS", "target/platforms")
    status = main()
    sys.stdout.flush()
    os._exit(status)
