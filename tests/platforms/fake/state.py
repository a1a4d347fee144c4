"""What the stand-in remembers: every call it got, the faults it is to make, access tokens, files, rights to send.

Nothing here knows a platform. Times are Unix seconds as floats.
"""

import asyncio
import itertools
import json
import time
from dataclasses import dataclass, field

from aiohttp import web

TOKEN_SECONDS = 7200


@dataclass
class Grant:
    """How many messages may be sent to somebody, and until when."""

    left: int
    until: float


@dataclass
class State:
    """All of it, for all platforms."""

    events: list = field(default_factory=list)
    faults: list = field(default_factory=list)
    tokens: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)
    grants: dict = field(default_factory=dict)
    flags: dict = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))
    base: str = ""

    async def note(self, kind, **facts):
        """Remembers something that happened, and wakes whoever waits for it."""
        event = {"seq": len(self.events) + 1, "at": time.time(), "kind": kind, **facts}
        self.events.append(event)
        async with self.changed:
            self.changed.notify_all()
        return event

    def take_fault(self, at, body):
        """The next fault that is to be made at a call, if there is one; it is used up."""
        for fault in self.faults:
            if fault["at"] != at or (fault.get("match") and fault["match"] not in json.dumps(body, ensure_ascii=False)):
                continue
            if fault.get("skip", 0) > 0:
                fault["skip"] -= 1
                return None
            fault["times"] = fault.get("times", 1) - 1
            if fault["times"] <= 0:
                self.faults.remove(fault)
            return fault
        return None

    def new_token(self, of):
        """A new access token; those before it are not taken any more."""
        token = f"{of}-token-{next(self.numbers)}"
        self.tokens[of] = {token: time.time() + TOKEN_SECONDS}
        return token

    def has_token(self, of, token):
        """Whether an access token is taken."""
        return self.tokens.get(of, {}).get(token, 0) > time.time()

    def grant(self, platform, user, left, seconds):
        """Somebody wrote, tapped or came: so many messages may be sent to them."""
        self.grants[(platform, user)] = Grant(left, time.time() + seconds)

    def use_grant(self, platform, user):
        """Takes one message off somebody's grant: `ok`, `late` or `many`."""
        grant = self.grants.get((platform, user))
        if grant is None or grant.until <= time.time():
            return "late"
        if grant.left <= 0:
            return "many"
        grant.left -= 1
        return "ok"


def call(kind, *, of):
    """Makes a handler of JSON calls: makes faults, notes what was asked and what was answered.

    The handler gives a dict, or `(status, dict)`. `of` names the platform. Where the fault is a `drop`, the connection is cut
    before the call was dealt with; where it is `drop_after`, after that, so that the caller does not learn of it.
    """

    def wrap(handler):
        async def handle(request):
            state = request.app["state"]
            body = await read(request)
            fault = state.take_fault(kind, body) or {}
            if fault.get("delay"):
                await asyncio.sleep(fault["delay"])
            if fault.get("drop"):
                await state.note(kind, body=body, outcome="dropped", of=of)
                request.transport.abort()
                return web.Response(status=500)
            if "answer" in fault:
                answer = (fault.get("status", 200), fault["answer"])
            else:
                answer = handler(state, request, body)
                if asyncio.iscoroutine(answer):
                    answer = await answer
            status, answer = answer if isinstance(answer, tuple) else (200, answer)
            if isinstance(answer, web.StreamResponse):
                await state.note(kind, body=body, outcome=0, of=of, query=dict(request.query))
                return answer
            outcome = answer.get("errcode", 0) if status < 300 else status
            await state.note(kind, body=body, outcome=outcome, of=of, query=dict(request.query), answer=answer)
            if fault.get("drop_after"):
                request.transport.abort()
            return web.json_response(answer, status=status)

        return handle

    return wrap


async def read(request):
    """The JSON of a call; null where there is none."""
    raw = await request.read()
    if not raw or "json" not in request.headers.get("content-type", "json") and raw[:1] not in b"{[":
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return None
