"""What checks make the stand-in do, below `/control`: look at what came, order faults, push messages."""

import asyncio
import base64
import json
import time

from aiohttp import web

from . import kf


async def events(request):
    """What came: waits until `count` events fit or `wait` seconds are over. Narrowed by `after`, `kind` and `match`."""
    state, query = request.app["state"], request.query
    after, count = int(query.get("after", 0)), int(query.get("count", 1))
    kinds, match = query.get("kind", "").split(","), query.get("match", "")
    until = time.time() + float(query.get("wait", 0))

    def fitting():
        found = [event for event in state.events[after:] if kinds == [""] or event["kind"] in kinds]
        return [event for event in found if match in json.dumps(event, ensure_ascii=False)]

    while len(found := fitting()) < count and (rest := until - time.time()) > 0:
        async with state.changed:
            try:
                await asyncio.wait_for(state.changed.wait(), min(rest, 0.5))
            except TimeoutError:
                pass
    return web.json_response({"events": found, "last": len(state.events)})


async def fault(request):
    """`{at, times, skip, match, answer|delay|drop|drop_after|lose|silent}`: at the next calls that fit."""
    request.app["state"].faults.append(await request.json())
    return web.json_response({})


async def clear(request):
    """Takes all faults back."""
    request.app["state"].faults.clear()
    return web.json_response({})


async def expire(request):
    """Ends the access tokens of a platform."""
    request.app["state"].tokens.pop((await request.json())["of"], None)
    return web.json_response({})


async def flags(request):
    """Sets what a platform allows: `uncertified`, `no_menu`, `kf_page`, …"""
    request.app["state"].flags.update(await request.json())
    return web.json_response({})


async def wrote(request):
    """Somebody wrote to an account: so many messages may be sent to them."""
    body = await request.json()
    request.app["state"].grant(body["platform"], body["user"], body["left"], body["seconds"])
    return web.json_response({})


async def media(request):
    """A file that a message names."""
    body = await request.json()
    kept = {"name": body["name"], "type": body["type"], "bytes": base64.b64decode(body["base64"])}
    request.app["state"].files[(body["platform"], body["id"])] = kept
    return web.json_response({})


async def kf_messages(request):
    """Messages of customers, and the token of the bell that is rung for them."""
    state, body = request.app["state"], await request.json()
    kf.put(state, body["open_kfid"], body["messages"])
    token = f"bell-{next(state.numbers)}"
    state.flags.setdefault("kf_tokens", []).append(token)
    return web.json_response({"token": token})


async def kf_state(request):
    """Somebody else has a session now."""
    body = await request.json()
    request.app["state"].flags.setdefault("kf_state", {})[body["user"]] = body["state"]
    return web.json_response({})


async def push(request):
    """`{to: aibot|dingtalk, frame, copies, every}`: a frame by a connection; with `every`, until it is answered."""
    body = await request.json()
    to = request.app["bot" if body["to"] == "aibot" else "stream"]
    if body.get("every"):
        task = asyncio.create_task(to.push_until_acked(body["frame"], body["every"]))
        request.app["tasks"].append(task)
    else:
        await to.push(body["frame"], body.get("copies", 1))
    return web.json_response({})


async def sockets(request):
    """`{of, do: abort|disconnect|count}`."""
    body = await request.json()
    of = request.app["bot" if body["of"] == "aibot" else "stream"]
    if body["do"] == "abort":
        of.abort()
    if body["do"] == "disconnect":
        await of.disconnect()
    there = len(of.sockets) if body["of"] == "dingtalk" else int(of.socket is not None)
    return web.json_response({"count": there})


async def session(request):
    """The address of a DingTalk session that lives for so many seconds, and its end in milliseconds."""
    state, body = request.app["state"], await request.json()
    name = f"s{next(state.numbers)}"
    state.flags.setdefault("sessions", {})[name] = time.time() + body["seconds"]
    url = f"{state.base}/dingtalk/robot/sendBySession?session={name}"
    return web.json_response({"url": url, "until": int((time.time() + body.get("says", body["seconds"])) * 1000)})


async def response_url(request):
    """The address for one late answer of the AI bot."""
    state = request.app["state"]
    code = f"code{next(state.numbers)}"
    state.flags.setdefault("response_codes", {})[code] = time.time() + 3600
    return web.json_response({"url": f"{state.base}/aibot/response?response_code={code}"})


ROUTES = [
    ("GET", "/control/events", events),
    ("POST", "/control/fault", fault),
    ("POST", "/control/clear", clear),
    ("POST", "/control/expire", expire),
    ("POST", "/control/flags", flags),
    ("POST", "/control/wrote", wrote),
    ("POST", "/control/media", media),
    ("POST", "/control/kf", kf_messages),
    ("POST", "/control/kf_state", kf_state),
    ("POST", "/control/push", push),
    ("POST", "/control/sockets", sockets),
    ("POST", "/control/session", session),
    ("POST", "/control/response_url", response_url),
]
