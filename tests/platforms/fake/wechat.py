"""An official account of WeChat: tokens, customer-service messages with their quota, files."""

from . import cgi
from .cgi import OK, error, with_token
from .state import TOKEN_SECONDS, call

APP_ID, SECRET = "wx0123456789abcdef", "wechat-app-secret"
MOST_BYTES = 2048


def credentials(app_id, secret):
    """What is wrong with id and secret, if anything is."""
    if app_id != APP_ID:
        return error(40013, "invalid appid")
    if secret != SECRET:
        return error(40125, "invalid appsecret")
    return None


@call("wechat.token", of="wechat")
def token(state, request, _body):
    """The plain token: each one ends the one before it."""
    query = request.query
    if wrong := credentials(query.get("appid"), query.get("secret")):
        return wrong
    return {"access_token": state.new_token("wechat"), "expires_in": TOKEN_SECONDS}


@call("wechat.stable_token", of="wechat")
def stable_token(state, _request, body):
    """The stable token: the same one until it ends."""
    body = body or {}
    if wrong := credentials(body.get("appid"), body.get("secret")):
        return wrong
    held = [] if body.get("force_refresh") else list(state.tokens.get("wechat", {}))
    return {"access_token": held[-1] if held else state.new_token("wechat"), "expires_in": TOKEN_SECONDS}


@call("wechat.send", of="wechat")
@with_token("wechat")
def send(state, _request, body):
    """A customer-service message: refused where nobody wrote, or too many were sent since."""
    user, kind = (body or {}).get("touser"), (body or {}).get("msgtype")
    if not user:
        return error(40003, "invalid openid")
    if state.flags.get("uncertified"):
        return error(48001, "api unauthorized")
    if kind == "text":
        content = body["text"].get("content", "")
        if not content.strip():
            return error(44004, "empty content")
        if cgi.too_long(content, MOST_BYTES):
            return error(45002, "content size out of limit")
    elif kind == "msgmenu":
        if state.flags.get("no_menu"):
            return error(40200, "invalid account type")
        menu = body["msgmenu"]
        if not menu.get("list") or any(not item.get("id") or not item.get("content") for item in menu["list"]):
            return error(40008, "invalid message type")
    else:
        return error(40008, "invalid message type")
    return {
        "ok": OK,
        "late": error(45015, "response out of time limit or subscription is canceled"),
        "many": error(45047, "out of response count limit"),
    }[state.use_grant("wechat", user)]


ROUTES = [
    ("GET", "/wechat/cgi-bin/token", token),
    ("POST", "/wechat/cgi-bin/stable_token", stable_token),
    ("POST", "/wechat/cgi-bin/message/custom/send", send),
    ("GET", "/wechat/cgi-bin/media/get", call("wechat.media", of="wechat")(with_token("wechat")(cgi.media("wechat")))),
]
