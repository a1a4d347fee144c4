"""Calls yunzhu as the platforms do: messages are made and sealed by wechatpy, and what comes back is opened by @wecom/crypto too."""

import base64
import hashlib
import hmac
import itertools
import json
import os
import pathlib
import subprocess
import threading
import time

import requests
import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner
from wechatpy.work.crypto import WeChatCrypto as WorkCrypto

from fake import dingtalk, wechat, wecom

TOKEN = "callback-token"
KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
ACCOUNT = "gh_standin"
HERE = pathlib.Path(__file__).resolve().parent.parent
NUMBERS = itertools.count(int(time.time() * 1000))
# What WeChat waits for an answer, and how often it calls in all.
PATIENCE, TRIES = 5.0, 3


def number():
    """A new number of a message."""
    return next(NUMBERS)


class Opener:
    """@wecom/crypto in a process of its own."""

    def __init__(self):
        command = ["node", str(HERE / "opener.mjs"), os.environ["YUNZHU_PLATFORMS"]]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lock = threading.Lock()

    def ask(self, **what):
        """One question; see opener.mjs."""
        with self.lock:
            self.process.stdin.write(json.dumps(what) + "\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise AssertionError(f"@wecom/crypto: {answer['error']}")
        return answer

    def stop(self):
        """Ends it."""
        self.process.stdin.close()
        self.process.wait()


def sha1(*parts):
    """The signature of Tencent over sorted parts, by wechatpy."""
    signer = WeChatSigner()
    signer.add_data(*parts)
    return signer.signature


def fields(values):
    """XML of a message; dicts are nested."""
    return xmltodict.unparse({"xml": values}, full_document=False)


def http():
    """A session that uses no proxy."""
    session = requests.Session()
    session.trust_env = False
    return session


class Wechat:
    """The side of WeChat for one account."""

    path = "/webhooks/wechat"

    def __init__(self, yunzhu, stand_in, opener, mode="secure", retries=True):
        self.yunzhu, self.stand_in, self.opener, self.mode = yunzhu, stand_in, opener, mode
        self.crypto = WeChatCrypto(TOKEN, KEY, wechat.APP_ID)
        self.session, self.retries = http(), retries

    def message(self, user, kind, **values):
        """The XML of a message, and its right to answers is told to the stand-in."""
        tap = kind == "event" or "bizmsgmenuid" in values
        left, seconds = (3, 60) if tap else (5, 48 * 3600)
        self.stand_in.order("wrote", platform="wechat", user=user, left=left, seconds=seconds)
        head = {"ToUserName": ACCOUNT, "FromUserName": user, "CreateTime": values.pop("at", int(time.time())), "MsgType": kind}
        if kind != "event":
            head["MsgId"] = values.pop("id", None) or number()
        return fields({**head, **values})

    def request(self, xml, mode=None, crypto=None):
        """Query and body of a call with a message."""
        stamp, nonce = str(int(time.time())), str(number())
        query = {"signature": sha1(TOKEN, stamp, nonce), "timestamp": stamp, "nonce": nonce}
        if (mode or self.mode) == "plain":
            return query, xml
        sealed = xmltodict.parse((crypto or self.crypto).encrypt_message(xml, nonce, stamp))["xml"]
        query |= {"encrypt_type": "aes", "msg_signature": sealed["MsgSignature"]}
        outer = {"ToUserName": ACCOUNT, "Encrypt": sealed["Encrypt"]}
        if (mode or self.mode) == "compatible":
            outer = {**xmltodict.parse(xml)["xml"], "Encrypt": sealed["Encrypt"]}
        return query, fields(outer)

    def post(self, query, body, timeout=30.0):
        """One call; raises `requests.Timeout` where it takes too long, with the connection cut."""
        headers = {"Content-Type": "text/xml"}
        return self.session.post(self.yunzhu.base + self.path, params=query, data=body.encode(), headers=headers, timeout=timeout)

    def deliver(self, xml, mode=None):
        """A message as WeChat delivers it: five seconds, then again with the same message, three calls in all."""
        for attempt in range(TRIES):
            try:
                answer = self.post(*self.request(xml, mode), timeout=PATIENCE)
            except requests.RequestException:
                if not self.retries or attempt + 1 == TRIES:
                    return None
                continue
            if answer.status_code != 200:
                raise AssertionError(f"status {answer.status_code}: {answer.text[:200]}")
            return self.reply(answer.text)
        return None

    def reply(self, text):
        """The text of a direct reply, opened twice; empty where nothing was said directly."""
        if text in ("success", ""):
            return ""
        outer = xmltodict.parse(text)["xml"]
        if "Encrypt" not in outer:
            return outer["Content"]
        stamp, nonce = outer["TimeStamp"], outer["Nonce"]
        inner = self.crypto.decrypt_message(text, outer["MsgSignature"], stamp, nonce)
        asked = {"token": TOKEN, "timestamp": stamp, "nonce": nonce, "encrypt": outer["Encrypt"]}
        opened = self.opener.ask(key=KEY, encrypt=outer["Encrypt"])
        if self.opener.ask(**asked)["signature"] != outer["MsgSignature"]:
            raise AssertionError("@wecom/crypto signs the reply differently")
        if (opened["message"], opened["id"]) != (inner, wechat.APP_ID):
            raise AssertionError("@wecom/crypto opens the reply differently")
        return xmltodict.parse(inner)["xml"]["Content"]

    def text(self, user, content, **values):
        """Somebody writes; gives the direct reply."""
        return self.deliver(self.message(user, "text", Content=content, **values))

    def sent(self, user, after, count=0, seconds=8.0):
        """What was sent to somebody by the API and taken, as texts."""
        events = self.stand_in.wait("wechat.send", after=after, match=user, count=count, seconds=seconds)
        return [spoken(event["body"]) for event in events if event["outcome"] == 0]


def spoken(body):
    """The words of a message of any platform."""
    kind = body["msgtype"]
    if kind == "msgmenu":
        menu = body["msgmenu"]
        items = [item.get("content") or item["click"]["content"] for item in menu["list"]]
        return "\n".join([menu.get("head_content", ""), *items])
    if kind == "template_card":
        card = body["template_card"]
        return "\n".join([card["main_title"]["title"], *(button["text"] for button in card["button_list"])])
    return body[kind].get("content") or body[kind].get("text")


class Work:
    """The side of WeCom for an app or for customer service."""

    def __init__(self, yunzhu, stand_in, path):
        self.yunzhu, self.stand_in, self.path = yunzhu, stand_in, path
        self.crypto = WorkCrypto(TOKEN, KEY, wecom.CORP_ID)
        self.session = http()

    def request(self, xml, crypto=None):
        """Query and body of a call with a message."""
        stamp, nonce = str(int(time.time())), str(number())
        sealed = xmltodict.parse((crypto or self.crypto).encrypt_message(xml, nonce, stamp))["xml"]
        query = {"msg_signature": sealed["MsgSignature"], "timestamp": stamp, "nonce": nonce}
        return query, fields({"ToUserName": wecom.CORP_ID, "AgentID": wecom.AGENT_ID, "Encrypt": sealed["Encrypt"]})

    def post(self, query, body, timeout=5.0):
        """One call."""
        headers = {"Content-Type": "text/xml"}
        return self.session.post(self.yunzhu.base + self.path, params=query, data=body.encode(), headers=headers, timeout=timeout)

    def message(self, user, kind, **values):
        """The XML of a message."""
        head = {"ToUserName": wecom.CORP_ID, "FromUserName": user, "CreateTime": int(time.time()), "MsgType": kind}
        if kind != "event":
            head["MsgId"] = values.pop("id", None) or number()
        return fields({**head, "AgentID": wecom.AGENT_ID, **values})

    def deliver(self, xml):
        """A message; it must be acknowledged with 200 and nothing."""
        answer = self.post(*self.request(xml))
        if answer.status_code != 200 or answer.text not in ("", "success"):
            raise AssertionError(f"acknowledged with {answer.status_code} {answer.text[:200]!r}")

    def sent(self, kind, after, user, count=1, seconds=8.0):
        """What was sent to somebody and taken: the bodies."""
        events = self.stand_in.wait(kind, after=after, match=user, count=count, seconds=seconds)
        wrong = [event for event in events if event["outcome"] != 0]
        if wrong:
            raise AssertionError(f"refused: {wrong}")
        return [event["body"] for event in events]


class Kf(Work):
    """The side of WeCom for customer service: what customers say is kept by the stand-in, and a bell is rung."""

    def __init__(self, yunzhu, stand_in, account):
        super().__init__(yunzhu, stand_in, "/webhooks/wecom/kf")
        self.account = account

    def said(self, user, kind, at=None, **values):
        """A message of a customer."""
        head = {"msgid": f"kf{number()}", "open_kfid": self.account, "external_userid": user, "origin": 3}
        return {**head, "send_time": at or int(time.time()), "msgtype": kind, kind: values}

    def text(self, user, content, at=None, **values):
        """Words of a customer."""
        return self.said(user, "text", at, content=content, **values)

    def event(self, user, kind, **values):
        """Something that the platform tells."""
        event = {"event_type": kind, "open_kfid": self.account, "external_userid": user, **values}
        head = {"msgid": f"kf{number()}", "origin": 4, "send_time": int(time.time()), "msgtype": "event"}
        return {**head, "open_kfid": self.account, "event": event}

    def keep(self, *messages):
        """Keeps messages at the stand-in without a bell; gives the token of a bell."""
        return self.stand_in.order("kf", open_kfid=self.account, messages=list(messages))["token"]

    def ring(self, *messages):
        """Keeps messages and rings."""
        token = self.keep(*messages)
        bell = {"ToUserName": wecom.CORP_ID, "CreateTime": int(time.time()), "MsgType": "event"}
        self.deliver(fields({**bell, "Event": "kf_msg_or_event", "Token": token, "OpenKfId": self.account}))


class Bot:
    """The side of WeCom for an AI bot by callback: asks again for a stream until it is finished."""

    path = "/webhooks/wecom/bot"

    def __init__(self, yunzhu, stand_in, opener):
        self.yunzhu, self.stand_in, self.opener = yunzhu, stand_in, opener
        self.crypto, self.session = WorkCrypto(TOKEN, KEY, ""), http()

    def request(self, message):
        """Query and body of a call with a message."""
        stamp, nonce = str(int(time.time())), str(number())
        sealed = xmltodict.parse(self.crypto.encrypt_message(json.dumps(message, ensure_ascii=False), nonce, stamp))["xml"]
        query = {"msg_signature": sealed["MsgSignature"], "timestamp": stamp, "nonce": nonce}
        return query, json.dumps({"encrypt": sealed["Encrypt"]})

    def call(self, message):
        """One call; gives the answer opened, or nothing."""
        query, body = self.request(message)
        answer = self.session.post(self.yunzhu.base + self.path, params=query, data=body, timeout=5)
        if answer.status_code != 200:
            raise AssertionError(f"status {answer.status_code}: {answer.text[:200]}")
        if not answer.text:
            return None
        outer = answer.json()
        asked = {"token": TOKEN, "timestamp": str(outer["timestamp"]), "nonce": outer["nonce"], "encrypt": outer["encrypt"]}
        if self.opener.ask(**asked)["signature"] != outer["msgsignature"]:
            raise AssertionError("@wecom/crypto signs the answer differently")
        opened = self.opener.ask(key=KEY, encrypt=outer["encrypt"])
        if opened["id"] != "":
            raise AssertionError(f"the receiver of a bot's answer is {opened['id']!r}")
        return json.loads(opened["message"])

    def message(self, user, kind, **values):
        """A message of a single chat, with an address for one late answer."""
        url = self.stand_in.order("response_url")["url"]
        head = {"msgid": f"bot{number()}", "aibotid": "AIB", "chattype": "single", "from": {"userid": user}}
        return {**head, "response_url": url, "msgtype": kind, **values}

    def follow(self, answer, seconds=20.0):
        """Asks for a stream until it is finished; gives its last answer and how often it was asked for."""
        asked, until = 0, time.time() + seconds
        while answer["stream"]["finish"] is not True:
            if time.time() > until:
                raise AssertionError(f"the stream does not end: {answer}")
            time.sleep(0.3)
            asked += 1
            refresh = {"msgid": f"bot{number()}", "aibotid": "AIB", "chattype": "single", "from": {"userid": "x"}}
            answer = self.call({**refresh, "msgtype": "stream", "stream": {"id": answer["stream"]["id"]}})
        return answer, asked

    def text(self, user, content):
        """Somebody writes; gives the finished answer."""
        return self.follow(self.call(self.message(user, "text", text={"content": content})))[0]["stream"]


class Dingtalk:
    """The side of DingTalk: calls and frames with the same JSON."""

    path = "/webhooks/dingtalk"

    def __init__(self, yunzhu, stand_in):
        self.yunzhu, self.stand_in, self.session = yunzhu, stand_in, http()

    def message(self, user, content, group=None, seconds=5400, **values):
        """A text; in a group the @ is taken off and leaves a space."""
        session = self.stand_in.order("session", seconds=seconds, says=values.pop("says", seconds))
        head = {
            "conversationId": group or f"cid-{user}", "conversationType": "2" if group else "1",
            "msgId": f"msg{number()}", "createAt": int(time.time() * 1000), "senderId": f"$:LWCP_v1:${user}",
            "senderStaffId": user, "senderNick": "小钉", "senderCorpId": "ding1", "robotCode": dingtalk.ROBOT_CODE,
            "chatbotUserId": "$:bot", "isAdmin": False, "sessionWebhook": session["url"],
            "sessionWebhookExpiredTime": session["until"], "msgtype": "text", "text": {"content": f" {content}"},
        }
        return {**head, "isInAtList": bool(group), **values}

    def headers(self, at=None, secret=dingtalk.APP_SECRET):
        """The headers that sign a call, at a time in milliseconds."""
        stamp = str(at if at is not None else int(time.time() * 1000))
        digest = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
        return {"timestamp": stamp, "sign": base64.b64encode(digest).decode(), "Content-Type": "application/json"}

    def post(self, message, headers=None):
        """One call."""
        url, body = self.yunzhu.base + self.path, json.dumps(message, ensure_ascii=False).encode()
        return self.session.post(url, data=body, headers=headers or self.headers(), timeout=5)

    def deliver(self, message):
        """A message; it must be acknowledged with 200 and say nothing itself."""
        answer = self.post(message)
        if answer.status_code != 200 or answer.json().get("msgtype") != "empty":
            raise AssertionError(f"acknowledged with {answer.status_code} {answer.text[:200]!r}")

    def frame(self, message, name=None):
        """A frame of the stream with a message."""
        headers = {"topic": "/v1.0/im/bot/messages/get", "messageId": name or f"frame{number()}"}
        headers |= {"contentType": "application/json", "time": str(int(time.time() * 1000)), "appId": "a", "connectionId": "c"}
        return {"specVersion": "1.0", "type": "CALLBACK", "headers": headers, "data": json.dumps(message, ensure_ascii=False)}
