"""WeChat with an EncodingAESKey and customer-service messages."""

import signal
import threading
import time

import requests
from wechatpy.crypto import WeChatCrypto

from fake import wechat

from .callers import KEY, TOKEN, Wechat, http, number, sha1
from .runner import check, equal, expect

QUESTION = "服务器 SSH 连不上怎么办"


def side(ctx, **more):
    """The side of WeChat for this program."""
    return Wechat(ctx.yunzhu, ctx.stand_in, ctx.opener, **more)


def person():
    """Somebody who has never written."""
    return f"o{number()}"


def once(ctx, caller, user, direct, after, seconds=2.5):
    """Everything that somebody got, which must be something, and nothing twice."""
    time.sleep(seconds)
    got = [text for text in [direct] if text] + caller.sent(user, after)
    expect(got, "nothing was answered")
    equal(len(set(got)), len(got), f"something came twice: {[text[:60] for text in got]}")
    return got


@check("the address is confirmed, and only with the right signature")
def handshake(ctx):
    query = {"timestamp": "1", "nonce": "n", "echostr": "echo-77"}
    url = ctx.yunzhu.base + Wechat.path
    answer = http().get(url, params={**query, "signature": sha1(TOKEN, "1", "n")}, timeout=5)
    equal((answer.status_code, answer.text), (200, "echo-77"), "the echo")
    answer = http().get(url, params={**query, "signature": sha1("other", "1", "n")}, timeout=5)
    equal(answer.status_code, 403, "a forged check")


@check("a sealed question is answered in the sealed reply")
def secure(ctx):
    caller, user = side(ctx), person()
    reply = caller.text(user, QUESTION)
    expect("sshd" in reply, f"no answer about SSH: {reply[:200]}")
    once(ctx, caller, user, reply, ctx.at)


@check("of a compatible call only the sealed part counts")
def compatible(ctx):
    caller, user = side(ctx), person()
    query, body = caller.request(caller.message(user, "text", Content=QUESTION), "compatible")
    forged = body.replace(f"<Content>{QUESTION}</Content>", "<Content>转人工</Content>")
    expect(forged != body, "the body has no plain part")
    reply = caller.reply(caller.post(query, forged).text)
    expect("sshd" in reply, f"the forged part was read: {reply[:200]}")


@check("who follows is greeted, once")
def subscribe(ctx):
    caller, user = side(ctx), person()
    xml = caller.message(user, "event", Event="subscribe", EventKey="qrscene_7")
    greeting = caller.deliver(xml)
    got = once(ctx, caller, user, greeting, ctx.at, 1.5)
    expect(len(got) == 1 and "您好" in got[0], f"the greeting: {got}")
    before = ctx.stand_in.now()
    expect(not caller.deliver(xml) or caller.deliver(xml) == greeting, "another greeting for the same event")
    ctx.stand_in.none("wechat.send", after=before, match=user)


@check("a choice can be answered with its number")
def choice(ctx):
    caller, user = side(ctx), person()
    offered = caller.text(user, "Redis")
    expect("1." in offered and "2." in offered, f"no numbered choice: {offered[:200]}")
    chosen = caller.text(user, "２")
    expect("maxmemory" in chosen or "内存" in chosen, f"not the second one: {chosen[:200]}")


@check("the words of a voice message are a question")
def voice(ctx):
    caller, user = side(ctx), person()
    reply = caller.deliver(caller.message(user, "voice", MediaId="V", Format="amr", Recognition=QUESTION))
    expect("sshd" in reply, f"no answer: {reply[:200]}")


@check("a picture is fetched and stands in the ticket")
def image(ctx):
    caller, user = side(ctx), person()
    ctx.stand_in.order("media", platform="wechat", id="PIC", name="shot.png", type="image/png", base64="iVBORw0KGgoAAAANSUhEUg==")
    caller.text(user, "转人工")
    ticket = ctx.yunzhu.ticket(f"wechat:{user}")
    caller.deliver(caller.message(user, "image", PicUrl="http://x/", MediaId="PIC"))
    ctx.stand_in.wait("wechat.media", after=ctx.at)
    ctx.yunzhu.wait_packet(ticket, "shot.png")


@check("a picture that the platform has not got any more is told to the people")
def lost_image(ctx):
    caller, user = side(ctx), person()
    caller.text(user, "转人工")
    ticket = ctx.yunzhu.ticket(f"wechat:{user}")
    caller.deliver(caller.message(user, "image", PicUrl="http://x/", MediaId="NOT-THERE"))
    ctx.yunzhu.wait_packet(ticket, "image.jpg")


@check("what is not understood is acknowledged with `success`, or said so")
def unknown(ctx):
    caller, user = side(ctx), person()
    answer = caller.post(*caller.request(caller.message(user, "event", Event="VIEW", EventKey="http://x/")))
    equal((answer.status_code, answer.text), (200, "success"), "an event")
    answer = caller.post(*caller.request(caller.message(user, "event", Event="brand_new_event")))
    equal((answer.status_code, answer.text), (200, "success"), "a new event")
    ctx.stand_in.none("wechat.send", after=ctx.at, match=user)
    begun = time.time()
    reply = caller.deliver(caller.message(user, "hologram", MediaId="H"))
    expect(reply is not None and time.time() - begun < 4, "a new kind of message waits")
    got = once(ctx, caller, user, reply, ctx.at, 1.5)
    expect(len(got) == 1, f"about a new kind of message: {got}")


@check("a call that is dropped after five seconds and comes three times is answered once")
def five_seconds(ctx):
    caller, user = side(ctx), person()
    ctx.stand_in.order("media", platform="wechat", id="SLOW", name="slow.png", type="image/png", base64="iVBORw0KGgo=")
    ctx.stand_in.order("fault", at="wechat.media", delay=8.5)
    # What comes after a picture of the same person waits until the picture is there.
    picture = caller.message(user, "image", PicUrl="http://x/", MediaId="SLOW")
    threading.Thread(target=caller.deliver, args=(picture,), daemon=True).start()
    ctx_wait = time.time() + 3
    while not ctx.stand_in.all("wechat.token", "wechat.stable_token", "wechat.media") and time.time() < ctx_wait:
        time.sleep(0.05)
    time.sleep(0.3)
    reply = caller.text(user, QUESTION)
    got = once(ctx, caller, user, reply, ctx.at, 12)
    equal(sum("sshd" in text for text in got), 1, "answers to the question")


@check("a late answer that the quota holds back comes when the person writes again")
def late_and_held(ctx):
    caller, user = side(ctx), person()
    ctx.stand_in.order("media", platform="wechat", id=user, name="slow.png", type="image/png", base64="iVBORw0KGgo=")
    ctx.stand_in.order("fault", at="wechat.media", delay=5.5)
    picture = caller.message(user, "image", PicUrl="http://x/", MediaId=user)
    threading.Thread(target=quietly, args=(side(ctx), picture), daemon=True).start()
    time.sleep(0.3)
    question = caller.message(user, "text", Content=QUESTION)
    equal(caller.reply(caller.post(*caller.request(question)).text), "", "the reply within five seconds")
    ctx.stand_in.order("wrote", platform="wechat", user=user, left=0, seconds=60)
    # What is said about the picture comes first, and what comes after it waits behind it.
    refused = ctx.stand_in.wait("wechat.send", after=ctx.at, match=user, seconds=15)
    equal(refused[0]["outcome"], 45047, "the answer of the platform")
    time.sleep(1)
    caller.text(user, "在吗")
    sent = ctx.stand_in.wait("wechat.send", after=refused[0]["seq"], match="sshd")
    equal(sent[0]["outcome"], 0, "the answer of the platform after they wrote")
    taken = [event for event in ctx.stand_in.all("wechat.send", after=ctx.at, match=user) if event["outcome"] == 0]
    expect("sshd" not in taken[0]["body"]["text"]["content"], "the answer came before what was said about the picture")


@check("a program that hangs for seven seconds answers a repeated call once")
def hang(ctx):
    caller, user = side(ctx), person()
    ctx.yunzhu.signal(signal.SIGSTOP)
    timer = threading.Timer(7, ctx.yunzhu.signal, args=(signal.SIGCONT,))
    timer.start()
    try:
        reply = caller.text(user, QUESTION)
    finally:
        timer.join()
    got = once(ctx, caller, user, reply, ctx.at, 9)
    equal(sum("sshd" in text for text in got), 1, "answers to the question")


@check("the same call at the same moment, three times, is answered once")
def together(ctx):
    caller, user = side(ctx), person()
    xml, replies = caller.message(user, "text", Content="你好"), []
    threads = [threading.Thread(target=lambda: replies.append(side(ctx).deliver(xml))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(1.5)
    said = {text for text in replies if text} | set(caller.sent(user, ctx.at))
    equal(len(said), 1, f"different answers: {said}")
    equal(len(caller.sent(user, ctx.at)), 0 if any(replies) else 1, "sent besides")


@check("a reply that was lost on its way is given again, the same")
def lost_reply(ctx):
    caller, user = side(ctx), person()
    xml = caller.message(user, "text", Content=QUESTION)
    first = caller.deliver(xml)
    expect("sshd" in first, "no answer")
    time.sleep(2)
    expect(caller.deliver(xml) in (first, ""), "another answer to the same message")
    got = caller.sent(user, ctx.at)
    expect(not any("sshd" in text for text in got), "the answer came by the API besides")


@check("two events of one second are both answered")
def same_second(ctx):
    caller, user = side(ctx), person()
    at = int(time.time())
    taps = [caller.message(user, "event", Event="CLICK", EventKey=key, at=at) for key in ("Redis", "转人工")]
    direct = [text for text in (caller.deliver(xml) for xml in taps) if text]
    time.sleep(1.5)
    equal(len(direct + caller.sent(user, ctx.at)), 2, "answers to two taps")


@check("a tap on the account's own menu is read as its key")
def own_menu(ctx):
    caller, user = side(ctx), person()
    reply = caller.deliver(caller.message(user, "event", Event="CLICK", EventKey="转人工"))
    expect(reply and "T2" in reply, f"no ticket is named: {reply!r}")


@check("a token that another program has ended is fetched once, and the message comes once")
def token(ctx):
    caller, user = side(ctx), person()
    caller.text(user, "转人工")
    ticket = ctx.yunzhu.ticket(f"wechat:{user}")
    ctx.yunzhu.take(ticket)
    ctx.stand_in.wait("wechat.send", after=ctx.at, match=user)
    ctx.stand_in.order("expire", of="wechat")
    before = ctx.stand_in.now()
    ctx.yunzhu.say(ticket, "令牌之后的第一句")
    tried = ctx.stand_in.wait("wechat.send", after=before, match="令牌之后", count=2)
    equal([event["outcome"] for event in tried], [40001, 0], "the tries")
    fetched = ctx.stand_in.all("wechat.token", "wechat.stable_token", after=before)
    equal(len(fetched), 1, "tokens that were fetched")
    ctx.stand_in.none("wechat.send", after=tried[-1]["seq"], match="令牌之后")


@check("what an agent says at the desk comes by customer-service message")
def desk(ctx):
    caller, user = side(ctx), person()
    expect("T2" in caller.text(user, "转人工"), "no ticket is named")
    ticket = ctx.yunzhu.ticket(f"wechat:{user}")
    ctx.yunzhu.take(ticket)
    ctx.yunzhu.say(ticket, "您好，我来处理")
    ctx.stand_in.wait("wechat.send", after=ctx.at, match="我来处理")
    caller.text(user, "好的，等您")
    ctx.yunzhu.wait_packet(ticket, "好的，等您")


@check("an agent learns that the quota is over, and the message comes when the person writes again")
def quota(ctx):
    caller, user = side(ctx), person()
    caller.text(user, "转人工")
    ticket = ctx.yunzhu.ticket(f"wechat:{user}")
    ctx.yunzhu.take(ticket)
    ctx.stand_in.wait("wechat.send", after=ctx.at, match=user)
    before = ctx.stand_in.now()
    ctx.stand_in.order("wrote", platform="wechat", user=user, left=0, seconds=60)
    ctx.yunzhu.say(ticket, "额度之外的话")
    refused = ctx.stand_in.wait("wechat.send", after=before, match="额度之外")
    equal(refused[0]["outcome"], 45047, "the answer of the platform")
    ctx.yunzhu.wait_packet(ticket, "下次发言后")
    ctx.stand_in.none("wechat.send", after=refused[0]["seq"], match="额度之外")
    caller.text(user, "在吗")
    sent = ctx.stand_in.wait("wechat.send", after=refused[0]["seq"], match="额度之外")
    equal(sent[0]["outcome"], 0, "the answer of the platform after they wrote")
    ctx.stand_in.none("wechat.send", after=sent[0]["seq"], match="额度之外")


@check("where the time to write is over the agent learns of it, and the message comes when the person writes again")
def too_late(ctx):
    caller, user = side(ctx), person()
    caller.text(user, "转人工")
    ticket = ctx.yunzhu.ticket(f"wechat:{user}")
    ctx.yunzhu.take(ticket)
    ctx.stand_in.wait("wechat.send", after=ctx.at, match=user)
    before = ctx.stand_in.now()
    ctx.stand_in.order("wrote", platform="wechat", user=user, left=5, seconds=-1)
    ctx.yunzhu.say(ticket, "太晚的话")
    refused = ctx.stand_in.wait("wechat.send", after=before, match="太晚的话")
    equal(refused[0]["outcome"], 45015, "the answer of the platform")
    ctx.yunzhu.wait_packet(ticket, "下次发言后")
    caller.text(user, "在吗")
    sent = ctx.stand_in.wait("wechat.send", after=refused[0]["seq"], match="太晚的话")
    equal(sent[0]["outcome"], 0, "the answer of the platform after they wrote")


@check("six messages of an agent in a row: five leave, the sixth is known to have to wait")
def six(ctx):
    caller, user = side(ctx), person()
    caller.text(user, "转人工")
    ticket = ctx.yunzhu.ticket(f"wechat:{user}")
    ctx.yunzhu.take(ticket)
    for at in range(6):
        ctx.yunzhu.say(ticket, f"第{at}句话")
    ctx.yunzhu.wait_packet(ticket, "下次发言后")
    time.sleep(1)
    first = caller.sent(user, ctx.at)
    expect(len(first) <= 5, f"more than five: {len(first)}")
    caller.text(user, "收到")
    time.sleep(1.5)
    sent = [text for text in caller.sent(user, ctx.at) if "句话" in text]
    equal([text[-4:] for text in sent], [f"第{at}句话" for at in range(6)], "all of them once and in order")


@check("forged, foreign and unreadable calls get 403 with one same body")
def forged(ctx):
    caller, user = side(ctx), person()
    xml = caller.message(user, "text", Content="伪造的话")
    query, body = caller.request(xml)
    foreign = WeChatCrypto(TOKEN, KEY, "wx-another-account")
    other_key = WeChatCrypto(TOKEN, KEY[::-1], wechat.APP_ID)
    bad = {
        "signature": ({**query, "msg_signature": "0" * 40}, body),
        "no signature": ({key: value for key, value in query.items() if key != "msg_signature"}, body),
        "another time": ({**query, "timestamp": "1"}, body),
        "plain in secure mode": caller.request(xml, "plain"),
        "another account": caller.request(xml, crypto=foreign),
        "another key": caller.request(xml, crypto=other_key),
        "no XML": (query, "not xml"),
        "a DTD": (query, '<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>'),
        "cut": (query, body.replace("</Encrypt>", "x</Encrypt>")),
    }
    answers = {}
    for name, (bad_query, bad_body) in bad.items():
        answer = http().post(ctx.yunzhu.base + Wechat.path, params=bad_query, data=bad_body.encode(), timeout=5)
        equal(answer.status_code, 403, name)
        answers[name] = answer.text
    equal(len(set(answers.values())), 1, f"bodies differ: {answers}")
    ctx.stand_in.none("wechat.send", after=ctx.at, match=user)


@check("a call of more than a megabyte is refused")
def large(ctx):
    caller = side(ctx)
    query, _ = caller.request(caller.message(person(), "text", Content="x"))
    try:
        answer = caller.post(query, "<xml><Encrypt>" + "A" * (2 << 20) + "</Encrypt></xml>")
    except requests.ConnectionError:
        return
    expect(answer.status_code in (403, 413), f"status {answer.status_code}")


@check("what was taken in before a crash is answered once after it")
def crash(ctx):
    caller, user = side(ctx, retries=False), person()
    ctx.stand_in.order("media", platform="wechat", id="SLOW2", name="a.png", type="image/png", base64="iVBORw0KGgo=")
    ctx.stand_in.order("fault", at="wechat.media", delay=3)
    picture = caller.message(user, "image", PicUrl="http://x/", MediaId="SLOW2")
    question = caller.message(user, "text", Content=QUESTION)
    for xml in (picture, question):
        threading.Thread(target=quietly, args=(side(ctx), xml), daemon=True).start()
        time.sleep(0.4)
    ctx.yunzhu.kill()
    ctx.stand_in.none("wechat.send", after=ctx.at, match=user, seconds=0.3)
    ctx.yunzhu.start()
    # WeChat calls again meanwhile, as it got no answer.
    repeated = quietly(caller, question)
    ctx.stand_in.wait("wechat.media", after=ctx.at)
    got = once(ctx, caller, user, repeated, ctx.at, 11)
    equal(sum("sshd" in text for text in got), 1, "answers to the question")


def quietly(caller, xml):
    """One call whose connection may break."""
    try:
        return caller.reply(caller.post(*caller.request(xml), timeout=5).text)
    except requests.RequestException:
        return None
