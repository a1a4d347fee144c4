"""The AI bot of WeCom: its long connection, and the address for one late answer.

One connection a bot: a newer one gets the older a `disconnected_event`, and the older is closed. Frames are those that the
official SDK was recorded with. What is pushed while nobody is connected waits for the next connection.
"""

import asyncio
import base64
import hashlib
import json
import time

from aiohttp import WSMsgType, web

from .cgi import OK, error
from .state import call
from .wecom import card_fault

BOT_ID, SECRET = "aib-stand-in", "aibot-secret"
MOST_BYTES = 20480


class Bot:
    """The one bot of the stand-in."""

    def __init__(self, state):
        self.state = state
        self.socket = None
        self.number = 0
        self.waiting = []
        self.requests = set()
        self.finished = set()
        self.uploads = {}

    async def push(self, frame, copies=1):
        """Sends a frame to whoever is connected, perhaps more than once."""
        self.requests.add(frame["headers"]["req_id"])
        for _ in range(copies):
            if self.socket is None:
                self.waiting.append(frame)
            else:
                await self.socket.send_json(frame)

    def abort(self):
        """Cuts the connection without a word."""
        socket, self.socket = self.socket, None
        if socket is not None:
            socket.abort()

    async def connected(self, socket):
        """A bot was let in: the one before it loses its place."""
        old, self.socket = self.socket, socket
        if old is not None:
            event = {"eventtype": "disconnected_event"}
            body = {"msgid": f"gone-{next(self.state.numbers)}", "create_time": int(time.time()), "aibotid": BOT_ID}
            frame = {"cmd": "aibot_event_callback", "headers": {"req_id": f"gone-{time.time_ns()}"}}
            await old.send_json({**frame, "body": {**body, "msgtype": "event", "event": event}})
            asyncio.get_running_loop().call_later(0.5, old.abort)
        waiting, self.waiting = self.waiting, []
        for frame in waiting:
            await socket.send_json(frame)

    def answer(self, frame):
        """What is answered to a frame, beside its headers."""
        command, body = frame.get("cmd"), frame.get("body") or {}
        req_id = frame.get("headers", {}).get("req_id")
        if command == "ping":
            return OK
        if command in ("aibot_respond_msg", "aibot_respond_welcome_msg", "aibot_respond_update_msg"):
            return self.respond(req_id, body)
        if command == "aibot_send_msg":
            return error(40058, "chatid") if not body.get("chatid") else self.content(body)
        if command == "aibot_upload_media_init":
            upload = f"up{next(self.state.numbers)}"
            self.uploads[upload] = (body, {})
            return {**OK, "body": {"upload_id": upload}}
        if command == "aibot_upload_media_chunk":
            chunk = base64.b64decode(body["base64_data"])
            self.uploads[body["upload_id"]][1][body["chunk_index"]] = chunk
            return OK
        if command == "aibot_upload_media_finish":
            head, chunks = self.uploads[body["upload_id"]]
            whole = b"".join(chunks[at] for at in sorted(chunks))
            if hashlib.md5(whole).hexdigest() != head["md5"]:
                return error(40058, "md5")
            made = {"type": head["type"], "media_id": "MID1", "created_at": str(int(time.time()))}
            return {**OK, "body": made}
        return error(40008, "unknown cmd")

    def respond(self, req_id, body):
        """An answer to a message or event."""
        if req_id not in self.requests:
            return error(846605, "invalid req_id")
        stream = body.get("stream") if body.get("msgtype") == "stream" else None
        if stream is None:
            return self.content(body)
        if (req_id, stream["id"]) in self.finished:
            return error(846608, "stream message update expired")
        if len(stream.get("content", "").encode()) > MOST_BYTES or len(stream.get("feedback", {}).get("id", "").encode()) > 256:
            return error(40058, "stream")
        if stream.get("finish"):
            self.finished.add((req_id, stream["id"]))
        return OK

    def content(self, body):
        """A message that is no stream."""
        kind = body.get("msgtype")
        if kind in ("markdown", "text"):
            content = body[kind].get("content", "")
            return OK if content.strip() and len(content.encode()) <= MOST_BYTES else error(40058, "content")
        if kind == "template_card":
            wrong = card_fault(self.state, body["template_card"])
            return error(40058, wrong) if wrong else OK
        return error(40008, "invalid message type")


async def connection(request):
    """The WebSocket of a bot."""
    state, bot = request.app["state"], request.app["bot"]
    socket = web.WebSocketResponse(heartbeat=None)
    await socket.prepare(request)
    socket.abort = request.transport.abort
    bot.number += 1
    number = bot.number
    await state.note("aibot.open", socket=number)
    try:
        async for message in socket:
            if message.type != WSMsgType.TEXT:
                continue
            frame = json.loads(message.data)
            if frame.get("cmd") == "aibot_subscribe":
                answer = OK
                body = frame["body"]
                if (body.get("bot_id"), body.get("secret")) != (BOT_ID, SECRET):
                    answer = error(40013, "invalid bot_id or secret")
                shown = {**frame, "body": {**body, "secret": "…"}}
                await state.note("aibot.frame", frame=shown, socket=number, outcome=answer["errcode"])
                await socket.send_json({"headers": frame["headers"], **answer})
                if answer is OK:
                    await bot.connected(socket)
                continue
            fault = state.take_fault(frame.get("cmd"), frame) or {}
            if fault.get("drop"):
                await state.note("aibot.frame", frame=frame, socket=number, outcome="dropped")
                bot.abort()
                break
            answer = fault.get("answer") or bot.answer(frame)
            await state.note("aibot.frame", frame=frame, socket=number, outcome=answer["errcode"])
            if fault.get("drop_after"):
                bot.abort()
                break
            if fault.get("silent"):
                continue
            await socket.send_json({"headers": frame["headers"], **answer})
    finally:
        if bot.socket is socket:
            bot.socket = None
        await state.note("aibot.close", socket=number)
    return socket


@call("aibot.response", of="wecom")
def response(state, request, body):
    """The address for one late answer."""
    codes = state.flags.setdefault("response_codes", {})
    until = codes.pop(request.query.get("response_code"), 0)
    if until < time.time():
        return error(60140, "response_code is invalid or was used")
    bot = request.app["bot"]
    if body.get("msgtype") not in ("markdown", "template_card"):
        return error(40008, "invalid message type")
    return bot.content(body)


ROUTES = [("GET", "/aibot", connection), ("POST", "/aibot/response", response)]
