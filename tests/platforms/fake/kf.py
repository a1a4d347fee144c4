"""Customer service in WeChat: messages by cursor, answers with their quota, and who has a session.

Without a cursor everything of three days is given. What the API itself sent is not given. A message of a customer puts an
ended session back to 0, as the platform does.
"""

import re
import time

from . import cgi
from .cgi import OK, error, with_token
from .state import call

MSG_ID = re.compile(r"[0-9A-Za-z_\-]{1,32}")
ANSWERS, ANSWER_SECONDS, DAYS = 5, 48 * 3600, 3 * 24 * 3600
# Calls without the token of a bell: "strict limits" of the manual, here so many in a minute.
WITHOUT_TOKEN = 10


def history(state, open_kfid):
    """All messages of an account, oldest first."""
    return state.flags.setdefault("kf", {}).setdefault(open_kfid, [])


def session(state, user):
    """Who has a session: 0 nobody, 1 the API, 2 the queue, 3 an agent, 4 it has ended."""
    return state.flags.setdefault("kf_state", {}).get(user, 0)


def put(state, open_kfid, messages):
    """A customer or the platform said something."""
    for message in messages:
        history(state, open_kfid).append(message)
        user = message.get("external_userid") or message.get("event", {}).get("external_userid")
        if message.get("origin") == 3:
            state.grant("kf", user, ANSWERS, ANSWER_SECONDS)
            if session(state, user) == 4:
                state.flags["kf_state"][user] = 0
        code = message.get("event", {}).get("welcome_code")
        if code:
            state.flags.setdefault("kf_codes", {})[code] = time.time() + 20


@call("kf.sync", of="wecom")
@with_token("wecom")
def sync(state, _request, body):
    """A page after the cursor."""
    body = body or {}
    now = time.time()
    given = body.get("token")
    if given and given not in state.flags.get("kf_tokens", ()):
        return error(95007, "invalid msg token")
    if not given:
        calls = [at for at in state.flags.get("kf_bare", []) if at > now - 60] + [now]
        state.flags["kf_bare"] = calls
        if len(calls) > WITHOUT_TOKEN:
            return error(45009, "api freq out of limit")
    messages = history(state, body.get("open_kfid"))
    cursor = body.get("cursor") or ""
    if cursor and not re.fullmatch(r"cursor-\d+", cursor):
        return error(40058, "invalid cursor")
    start = int(cursor.split("-")[1]) if cursor else 0
    limit = min(int(body.get("limit") or 1000), state.flags.get("kf_page", 1000))
    page = messages[start : start + limit]
    end = start + len(page)
    fresh = [message for message in page if message["send_time"] > now - DAYS]
    return {**OK, "next_cursor": f"cursor-{end}", "has_more": int(end < len(messages)), "msg_list": fresh}


def content_fault(body):
    """What is wrong with a message, if anything is."""
    kind = body.get("msgtype")
    if kind == "text":
        content = body.get("text", {}).get("content", "")
        return "content" if not content.strip() or cgi.too_long(content, 2048) else None
    if kind != "msgmenu":
        return "msgtype"
    menu = body["msgmenu"]
    items = menu.get("list") or []
    if cgi.too_long(menu.get("head_content"), 1024) or not 1 <= len(items) <= 10:
        return "head_content or list"
    clicks = [item.get("click", {}) for item in items]
    wrong = any(
        not click.get("id") or cgi.too_long(click["id"], 64) or not click.get("content") or cgi.too_long(click["content"], 128)
        for click in clicks
    )
    return "a click" if wrong else None


@call("kf.send", of="wecom")
@with_token("wecom")
def send(state, _request, body):
    """An answer. The same msgid again is not shown again."""
    body = body or {}
    user, msgid = body.get("touser"), body.get("msgid")
    if msgid is not None and not MSG_ID.fullmatch(msgid):
        return error(40058, "invalid msgid")
    if wrong := content_fault(body):
        return error(40058, wrong)
    if session(state, user) not in (0, 1):
        return error(95018, "send msg session status invalid")
    sent = state.flags.setdefault("kf_sent", set())
    if msgid in sent:
        return {**OK, "msgid": msgid, "again": True}
    use = state.use_grant("kf", user)
    if use != "ok":
        return error(95002, "out of time") if use == "late" else error(95001, "send msg count limit")
    sent.add(msgid)
    return {**OK, "msgid": msgid or f"kf-{next(state.numbers)}"}


@call("kf.welcome", of="wecom")
@with_token("wecom")
def welcome(state, _request, body):
    """A greeting by the code of an event: once, and within 20 seconds."""
    body = body or {}
    until = state.flags.setdefault("kf_codes", {}).pop(body.get("code"), 0)
    if until < time.time():
        return error(95014, "welcome code invalid")
    if wrong := content_fault(body):
        return error(40058, wrong)
    return {**OK, "msgid": body.get("msgid", "")}


@call("kf.state", of="wecom")
@with_token("wecom")
def state_of(state, _request, body):
    """Who has a session."""
    return {**OK, "service_state": session(state, body["external_userid"]), "servicer_userid": ""}


# By the manual: an ended session cannot be changed before the customer writes again.
CHANGES = {0: {1, 2, 3, 4}, 1: {2, 3, 4}, 2: {3, 4}, 3: {4}, 4: set()}


@call("kf.trans", of="wecom")
@with_token("wecom")
def trans(state, _request, body):
    """Gives a session to somebody else."""
    user, to = body["external_userid"], body["service_state"]
    if to not in CHANGES[session(state, user)]:
        return error(95016, "not allow to trans session")
    if to == 3 and not body.get("servicer_userid"):
        return error(40058, "servicer_userid")
    state.flags["kf_state"][user] = to
    return {**OK, "msg_code": "code"}


ROUTES = [
    ("POST", "/wecom/cgi-bin/kf/sync_msg", sync),
    ("POST", "/wecom/cgi-bin/kf/send_msg", send),
    ("POST", "/wecom/cgi-bin/kf/send_msg_on_event", welcome),
    ("POST", "/wecom/cgi-bin/kf/service_state/get", state_of),
    ("POST", "/wecom/cgi-bin/kf/service_state/trans", trans),
]
