"""What the APIs of WeChat and WeCom have in common: tokens in the address, errcodes, files by media id."""

from functools import wraps

from aiohttp import web

OK = {"errcode": 0, "errmsg": "ok"}


def error(code, words):
    """An answer that refuses."""
    return {"errcode": code, "errmsg": words}


def with_token(of):
    """Refuses calls whose access token is none of the platform's: 40001, as both platforms do."""

    def wrap(handler):
        @wraps(handler)
        def handle(state, request, body):
            token = request.query.get("access_token", "")
            if not token:
                return error(41001, "access_token missing")
            if not state.has_token(of, token):
                return error(40001, "invalid credential, access_token is invalid or not latest")
            return handler(state, request, body)

        return handle

    return wrap


def media(of):
    """The handler of `/cgi-bin/media/get`: the file, or JSON in its place."""

    def handle(state, request, _body):
        file = state.files.get((of, request.query.get("media_id")))
        if file is None:
            return error(40007, "invalid media_id")
        name = f'attachment; filename="{file["name"]}"'
        return web.Response(body=file["bytes"], content_type=file["type"], headers={"Content-Disposition": name})

    return handle


def too_long(text, most):
    """Whether a text is longer than so many bytes."""
    return len((text or "").encode()) > most
