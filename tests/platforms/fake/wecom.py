"""WeCom: tokens, messages of an app, the robot of a group, files."""

import re
import time

from . import cgi
from .cgi import OK, error, with_token
from .state import TOKEN_SECONDS, call

CORP_ID, SECRET, AGENT_ID = "ww0123456789abcdef", "wecom-secret", 1000002
ROBOT_KEY = "11111111-2222-3333-4444-555555555555"
TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")


@call("wecom.token", of="wecom")
def token(state, request, _body):
    """One token for each secret, the same until it ends."""
    if request.query.get("corpid") != CORP_ID:
        return error(40013, "invalid corpid")
    if request.query.get("corpsecret") != SECRET:
        return error(40001, "invalid credential")
    held = list(state.tokens.get("wecom", {}))
    return {**OK, "access_token": held[-1] if held else state.new_token("wecom"), "expires_in": TOKEN_SECONDS}


@call("wecom.send", of="wecom")
@with_token("wecom")
def send(state, _request, body):
    """A message of the app; what the manual limits is refused."""
    body = body or {}
    kind = body.get("msgtype")
    if body.get("agentid") != AGENT_ID:
        return error(40056, "invalid agentid")
    if not body.get("touser"):
        return error(40032, "user list is empty")
    if body["touser"] == "nobody":
        return {**OK, "invaliduser": "nobody"}
    if kind in ("text", "markdown"):
        content = body.get(kind, {}).get("content", "")
        if not content.strip():
            return error(44004, "empty content")
        if cgi.too_long(content, 2048):
            return error(45002, "content size out of limit")
    elif kind == "template_card":
        if wrong := card_fault(state, body.get("template_card", {})):
            return error(40058, wrong)
    else:
        return error(40008, "invalid message type")
    return {**OK, "msgid": f"msg-{next(state.numbers)}", "response_code": "code"} if kind == "template_card" else OK


def card_fault(state, card):
    """What is wrong with a card with buttons, if anything is."""
    buttons = card.get("button_list") or []
    if card.get("card_type") != "button_interaction":
        return "card_type"
    if not card.get("main_title", {}).get("title") or not 1 <= len(buttons) <= 6:
        return "main_title or button_list"
    if any(not button.get("text") or not 1 <= len(button.get("key", "").encode()) <= 1024 for button in buttons):
        return "a button"
    if not TASK_ID.fullmatch(card.get("task_id", "")):
        return "task_id"
    if card["task_id"] in state.flags.setdefault("task_ids", set()):
        return "task_id is not unique"
    state.flags["task_ids"].add(card["task_id"])
    return None


@call("wecom.robot", of="wecom")
def robot(state, request, body):
    """The robot of a group: 20 messages a minute."""
    if request.query.get("key") != ROBOT_KEY:
        return error(93000, "invalid webhook url")
    if body.get("msgtype") == "markdown" and cgi.too_long(body["markdown"]["content"], 4096):
        return error(40058, "content is too long")
    now = time.time()
    state.flags["robot"] = [at for at in state.flags.get("robot", []) if at > now - 60] + [now]
    return OK if len(state.flags["robot"]) <= 20 else error(45009, "api freq out of limit")


ROUTES = [
    ("GET", "/wecom/cgi-bin/gettoken", token),
    ("POST", "/wecom/cgi-bin/message/send", send),
    ("POST", "/wecom/cgi-bin/webhook/send", robot),
    ("GET", "/wecom/cgi-bin/media/get", call("wecom.media", of="wecom")(with_token("wecom")(cgi.media("wecom")))),
]
