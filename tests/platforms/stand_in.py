"""A stand-in for WeChat, WeCom and DingTalk in one process: `python stand_in.py [--port N]`; prints the port it listens on.

It answers as the platforms' manuals and SDKs say, refuses what they refuse, and makes faults on order; see `fake/`. It is
proven with the platforms' own SDKs by `prove.py` and `prove.mjs` before anything else is checked against it.
"""

import argparse
import asyncio
import os

from aiohttp import web

from fake import aibot, control, dingtalk, kf, wechat, wecom
from fake.state import State


def application(base):
    """The routes of all platforms over one state."""
    app = web.Application(client_max_size=32 << 20)
    state = State(base=base)
    app["state"], app["bot"], app["stream"], app["tasks"] = state, aibot.Bot(state), dingtalk.Stream(state), []
    for module in (wechat, wecom, kf, aibot, dingtalk, control):
        for method, path, handler in module.ROUTES:
            app.router.add_route(method, path, handler)
    return app


async def serve(port):
    """Listens until the process is ended, or the one that started it."""
    server = await asyncio.get_running_loop().create_server(lambda: None, "127.0.0.1", port)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    runner = web.AppRunner(application(f"http://127.0.0.1:{port}"), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print(port, flush=True)
    # Whoever started it may end in any way; nobody else uses it.
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(1)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=0)
    try:
        asyncio.run(serve(options.parse_args().port))
    except KeyboardInterrupt:
        pass
