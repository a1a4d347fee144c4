"""DingTalk by Stream: frames are confirmed once they cannot be lost, sockets change without a gap."""

import json
import time

from .callers import Dingtalk, number
from .dingtalk import QUESTION, person, session_of
from .runner import check, equal, expect


def side(ctx):
    """The side of DingTalk."""
    return Dingtalk(ctx.yunzhu, ctx.stand_in)


def push(ctx, frame, **how):
    """Sends a frame."""
    ctx.stand_in.order("push", to="dingtalk", frame=frame, **how)


def said(ctx, message, count=1, seconds=8.0, after=None):
    """Answers at the address of a message's session."""
    at = ctx.at if after is None else after
    return ctx.stand_in.wait("dingtalk.session", after=at, match=f'"{session_of(message)}"', count=count, seconds=seconds)


@check("a message is confirmed with its id and answered at the session's address")
def question(ctx):
    caller = side(ctx)
    message = caller.message(person(), QUESTION)
    frame = caller.frame(message)
    push(ctx, frame)
    acked = ctx.stand_in.wait("dingtalk.ack", after=ctx.at, match=frame["headers"]["messageId"])
    equal(acked[0]["answer"]["code"], 200, "the confirmation")
    expect("sshd" in str(said(ctx, message)[0]["body"]), "no answer")


@check("a ping is answered with its data, an unknown topic with 404")
def ping(ctx):
    headers = {"contentType": "application/json", "time": "1"}
    frame = {"specVersion": "1.0", "type": "SYSTEM", "headers": {**headers, "topic": "ping", "messageId": f"p{number()}"}}
    push(ctx, {**frame, "data": '{"opaque": "xyz"}'})
    acked = ctx.stand_in.wait("dingtalk.ack", after=ctx.at, match=frame["headers"]["messageId"])
    equal((acked[0]["answer"]["code"], json.loads(acked[0]["answer"]["data"])), (200, {"opaque": "xyz"}), "the pong")
    frame = {"specVersion": "1.0", "type": "CALLBACK", "headers": {**headers, "topic": "/v1.0/other", "messageId": f"x{number()}"}}
    push(ctx, {**frame, "data": "{}"})
    acked = ctx.stand_in.wait("dingtalk.ack", after=ctx.at, match=frame["headers"]["messageId"])
    equal(acked[0]["answer"]["code"], 404, "the answer to an unknown topic")


@check("a message that comes three times is confirmed three times and answered once")
def duplicate(ctx):
    caller = side(ctx)
    message = caller.message(person(), "你好")
    frame = caller.frame(message)
    push(ctx, frame, copies=3)
    ctx.stand_in.wait("dingtalk.ack", after=ctx.at, match=frame["headers"]["messageId"], count=3)
    time.sleep(1.2)
    equal(len(said(ctx, message)), 1, "answers")


@check("a confirmation that is lost: the message comes again, is confirmed again and answered once")
def lost_ack(ctx):
    caller = side(ctx)
    message = caller.message(person(), "你好")
    frame = caller.frame(message)
    ctx.stand_in.order("fault", at="dingtalk.ack", lose=True, match=frame["headers"]["messageId"])
    push(ctx, frame, every=1.0)
    acked = ctx.stand_in.wait("dingtalk.ack", after=ctx.at, match=frame["headers"]["messageId"], count=2)
    equal([event["outcome"] for event in acked[:2]], ["lost", 0], "confirmations")
    time.sleep(1.2)
    equal(len(said(ctx, message)), 1, "answers")


@check("after `disconnect` a new socket is there before the old one is let go, and nothing is lost")
def handover(ctx):
    caller = side(ctx)
    ctx.stand_in.order("sockets", of="dingtalk", do="disconnect")
    message = caller.message(person(), "你好")
    push(ctx, caller.frame(message))
    opened = ctx.stand_in.wait("dingtalk.socket", after=ctx.at)[0]
    said(ctx, message)
    closed = ctx.stand_in.all("dingtalk.closed", after=ctx.at)
    expect(all(event["seq"] > opened["seq"] for event in closed), "the old socket was closed first")


@check("a broken socket is replaced, and what waited comes")
def broken(ctx):
    caller = side(ctx)
    ctx.stand_in.order("sockets", of="dingtalk", do="abort")
    ctx.stand_in.wait("dingtalk.closed", after=ctx.at)
    message = caller.message(person(), "你好")
    push(ctx, caller.frame(message))
    said(ctx, message, seconds=12)


@check("a gateway that refuses for a while is asked again")
def refused(ctx):
    ctx.stand_in.order("fault", at="dingtalk.open", times=2, answer={"code": "systemError"}, status=503)
    ctx.stand_in.order("sockets", of="dingtalk", do="abort")
    opened = ctx.stand_in.wait("dingtalk.open", after=ctx.at, count=3, seconds=15)
    expect(len(opened) < 8, f"asked too often: {len(opened)}")
    ctx.stand_in.wait("dingtalk.socket", after=ctx.at)


@check("killed right after the confirmation: answered once after the restart")
def crash(ctx):
    caller, user = side(ctx), person()
    ctx.stand_in.order("media", platform="dingtalk", id="SLOW", name="a.png", type="image/png", base64="iVBORw0KGgo=")
    ctx.stand_in.order("fault", at="dingtalk.file", delay=4)
    # What comes after a picture of the same person waits until the picture is there.
    picture = {**caller.message(user, ""), "msgtype": "picture", "content": {"downloadCode": "SLOW"}}
    message = caller.message(user, QUESTION)
    frames = [caller.frame(picture), caller.frame(message)]
    for frame in frames:
        push(ctx, frame)
    ctx.stand_in.wait("dingtalk.ack", after=ctx.at, match=frames[1]["headers"]["messageId"])
    ctx.yunzhu.kill()
    expect(not ctx.stand_in.all("dingtalk.session", after=ctx.at, match=f'"{session_of(message)}"'), "answered before the crash")
    ctx.yunzhu.start()
    answer = said(ctx, message, seconds=15)
    expect("sshd" in str(answer), "no answer to the question")
    time.sleep(2)
    equal(sum("sshd" in str(event["body"]) for event in said(ctx, message)), 1, "answers to the question")


@check("a frame that cannot be read is confirmed and does no harm")
def odd(ctx):
    caller = side(ctx)
    odd = {**caller.frame({}), "data": "{not json"}
    push(ctx, odd)
    ctx.stand_in.wait("dingtalk.ack", after=ctx.at, match=odd["headers"]["messageId"])
    message = caller.message(person(), "你好")
    push(ctx, caller.frame(message))
    said(ctx, message)
