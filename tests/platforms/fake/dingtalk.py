"""DingTalk: gateway and Stream, the addresses of sessions, the API of robots, the robot of a group.

A `disconnect` stops what comes by a socket while it still stands, as the platform does. What is pushed goes by the newest
socket that was not told to go; where there is none, it waits.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time

from aiohttp import WSMsgType, web

from .state import TOKEN_SECONDS, call

APP_KEY, APP_SECRET, ROBOT_CODE = "dingstandin", "dingtalk-app-secret", "dingstandin"
ROBOT_TOKEN, ROBOT_SECRET = "ding-robot-token", "SEC0123456789abcdef"
TICKET_SECONDS = 90


class Stream:
    """The sockets of one robot."""

    def __init__(self, state):
        self.state = state
        self.sockets = []
        self.number = 0
        self.waiting = []
        self.acked = {}

    def current(self):
        """The socket by which the next message goes."""
        live = [socket for socket in self.sockets if not socket.told_to_go]
        return live[-1] if live else None

    async def push(self, frame, copies=1):
        """Sends a frame, perhaps more than once."""
        for _ in range(copies):
            socket = self.current()
            if socket is None:
                self.waiting.append(frame)
            else:
                await socket.send_json(frame)

    async def push_until_acked(self, frame, every):
        """Sends a frame again and again until it is answered with 200, at most ten times."""
        for _ in range(10):
            await self.push(frame)
            await asyncio.sleep(every)
            if self.acked.get(frame["headers"]["messageId"]) == 200:
                return

    async def disconnect(self):
        """Tells the current socket to go; it stands for ten more seconds, and brings nothing."""
        socket = self.current()
        if socket is None:
            return
        socket.told_to_go = True
        headers = {"topic": "disconnect", "messageId": f"d-{next(self.state.numbers)}"}
        frame = {"specVersion": "1.0", "type": "SYSTEM", "headers": {**headers, "contentType": "application/json"}}
        await socket.send_json({**frame, "data": json.dumps({"reason": "connection is expired"})})
        asyncio.get_running_loop().call_later(10, socket.abort)

    def abort(self):
        """Cuts all sockets without a word."""
        for socket in self.sockets:
            socket.abort()


@call("dingtalk.open", of="dingtalk")
def open_connection(state, request, body):
    """The gateway: an endpoint and a ticket for one socket."""
    body = body or {}
    if (body.get("clientId"), body.get("clientSecret")) != (APP_KEY, APP_SECRET):
        return 401, {"code": "authFailed", "message": "鉴权失败"}
    if "application/json" not in request.headers.get("accept", ""):
        return web.Response(text="<xml/>", content_type="application/xml")
    if not body.get("subscriptions"):
        return 400, {"code": "missingSubscriptions"}
    ticket = f"t/ick=et+{next(state.numbers)}"
    state.flags.setdefault("tickets", {})[ticket] = time.time() + TICKET_SECONDS
    return {"endpoint": f"{state.base.replace('http', 'ws', 1)}/dingtalk/connect", "ticket": ticket}


async def connect(request):
    """The WebSocket of a stream."""
    state, stream = request.app["state"], request.app["stream"]
    if state.flags.get("tickets", {}).pop(request.query.get("ticket"), 0) < time.time():
        await state.note("dingtalk.refused")
        return web.Response(status=401)
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    socket.abort, socket.told_to_go = request.transport.abort, False
    stream.number += 1
    number = stream.number
    await state.note("dingtalk.socket", socket=number)
    stream.sockets.append(socket)
    waiting, stream.waiting = stream.waiting, []
    for frame in waiting:
        await socket.send_json(frame)
    try:
        async for message in socket:
            if message.type != WSMsgType.TEXT:
                continue
            answer = json.loads(message.data)
            name = answer.get("headers", {}).get("messageId")
            fault = state.take_fault("dingtalk.ack", answer) or {}
            if fault.get("lose"):
                await state.note("dingtalk.ack", answer=answer, socket=number, outcome="lost")
                continue
            stream.acked[name] = answer.get("code")
            await state.note("dingtalk.ack", answer=answer, socket=number, outcome=0)
    finally:
        stream.sockets.remove(socket)
        await state.note("dingtalk.closed", socket=number)
    return socket


@call("dingtalk.token", of="dingtalk")
def token(state, _request, body):
    """The token of the API: the same one until it ends."""
    if ((body or {}).get("appKey"), (body or {}).get("appSecret")) != (APP_KEY, APP_SECRET):
        return 400, {"code": "invalidClientIdOrSecret", "message": "无效的clientId或者clientSecret"}
    held = list(state.tokens.get("dingtalk", {}))
    return {"accessToken": held[-1] if held else state.new_token("dingtalk"), "expireIn": TOKEN_SECONDS}


def with_token(handler):
    """Refuses calls whose token is none."""

    def handle(state, request, body):
        if not state.has_token("dingtalk", request.headers.get("x-acs-dingtalk-access-token", "")):
            return 400, {"code": "InvalidAuthentication", "message": "不合法的access_token"}
        if (body or {}).get("robotCode") != ROBOT_CODE:
            return 400, {"code": "invalidParameter.robotCode.notExsit", "message": "robot 不存在"}
        return handler(state, request, body)

    return handle


def sample_fault(body, most):
    """What is wrong with msgKey and msgParam, if anything is."""
    if not isinstance(body.get("msgParam"), str) or len(body["msgParam"].encode()) > most:
        return "msgParam"
    param = json.loads(body["msgParam"])
    wanted = {"sampleText": ["content"], "sampleMarkdown": ["title", "text"]}.get(body.get("msgKey"))
    return None if wanted and all(param.get(key) for key in wanted) else "msgKey"


@call("dingtalk.direct", of="dingtalk")
@with_token
def direct(_state, _request, body):
    """A message to people by their staff ids."""
    if not 1 <= len(body.get("userIds", [])) <= 20 or sample_fault(body, 15000):
        return 400, {"code": "param.error", "message": "msgParam"}
    invalid = [user for user in body["userIds"] if user == "gone"]
    return {"processQueryKey": "key", "invalidStaffIdList": invalid, "flowControlledStaffIdList": []}


@call("dingtalk.group", of="dingtalk")
@with_token
def group(_state, _request, body):
    """A message to a group."""
    if not body.get("openConversationId") or sample_fault(body, 15000):
        return 400, {"code": "param.error", "message": "msgParam"}
    return {"processQueryKey": "key"}


@call("dingtalk.session", of="dingtalk")
def session(state, request, body):
    """An answer at the address of a session, while it lives."""
    until = state.flags.setdefault("sessions", {}).get(request.query.get("session"), 0)
    if until < time.time():
        return {"errcode": 300001, "errmsg": "session is expired"}
    kind = (body or {}).get("msgtype")
    text = {"text": "content", "markdown": "text"}.get(kind)
    if text is None or not body[kind].get(text):
        return {"errcode": 400013, "errmsg": "unsupported message"}
    return {"errcode": 0, "errmsg": "ok"}


@call("dingtalk.robot", of="dingtalk")
def robot(state, request, body):
    """The robot of a group: signed, and 20 messages a minute; after the 21st nothing for ten minutes."""
    query, now = request.query, time.time()
    if query.get("access_token") != ROBOT_TOKEN:
        return {"errcode": 300005, "errmsg": "token is not exist"}
    stamp = query.get("timestamp", "")
    digest = hmac.new(ROBOT_SECRET.encode(), f"{stamp}\n{ROBOT_SECRET}".encode(), hashlib.sha256).digest()
    if query.get("sign") != base64.b64encode(digest).decode() or abs(now * 1000 - int(stamp or 0)) > 3600_000:
        return {"errcode": 310000, "errmsg": "sign not match"}
    if not state.flags.get("no_robot_limit"):
        state.flags["ding_robot"] = [at for at in state.flags.get("ding_robot", []) if at > now - 60] + [now]
        if state.flags.get("ding_blocked", 0) > now or len(state.flags["ding_robot"]) > 20:
            state.flags["ding_blocked"] = now + 600
            return {"errcode": 410100, "errmsg": "send too fast"}
    return {"errcode": 0, "errmsg": "ok"} if body.get("msgtype") in ("text", "markdown") else {"errcode": 40035, "errmsg": "msgtype"}


@call("dingtalk.file", of="dingtalk")
@with_token
def message_file(state, _request, body):
    """Where a file of a message is, by its download code."""
    if ("dingtalk", body.get("downloadCode")) not in state.files:
        return 400, {"code": "downloadCode.invalid", "message": "downloadCode"}
    return {"downloadUrl": f"{state.base}/dingtalk/files/{body['downloadCode']}"}


async def file(request):
    """The file itself, after as many seconds as the address says."""
    await asyncio.sleep(float(request.query.get("delay", 0)))
    found = request.app["state"].files[("dingtalk", request.match_info["code"])]
    return web.Response(body=found["bytes"], content_type=found["type"])


ROUTES = [
    ("POST", "/dingtalk/v1.0/gateway/connections/open", open_connection),
    ("GET", "/dingtalk/connect", connect),
    ("POST", "/dingtalk/v1.0/oauth2/accessToken", token),
    ("POST", "/dingtalk/v1.0/robot/oToMessages/batchSend", direct),
    ("POST", "/dingtalk/v1.0/robot/groupMessages/send", group),
    ("POST", "/dingtalk/v1.0/robot/messageFiles/download", message_file),
    ("GET", "/dingtalk/files/{code}", file),
    ("POST", "/dingtalk/robot/sendBySession", session),
    ("POST", "/dingtalk/robot/send", robot),
]
