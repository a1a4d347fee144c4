"""Proves the stand-in with the platforms' own, unmodified SDKs: wechatpy and dingtalk-stream here, Node's in prove.mjs.

Only addresses are changed: by a subclass for wechatpy, by its environment variable for dingtalk-stream. Ends with 1 where an
SDK does not get along with the stand-in.
"""

import asyncio
import json
import logging
import os
import pathlib
import subprocess
import sys
import threading

from check.stand_in import StandIn

STAND_IN = StandIn()
# Read when the module is loaded.
os.environ["DINGTALK_OPENAPI_ENDPOINT"] = f"{STAND_IN.base}/dingtalk"

import dingtalk_stream  # noqa: E402
from wechatpy import WeChatClient  # noqa: E402
from wechatpy.exceptions import WeChatClientException  # noqa: E402
from wechatpy.work import WeChatClient as WorkClient  # noqa: E402

from fake import dingtalk, wechat, wecom  # noqa: E402


class Wechat(WeChatClient):
    """wechatpy at another address."""

    API_BASE_URL = f"{STAND_IN.base}/wechat/cgi-bin/"

    def fetch_access_token(self):
        params = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
        return self._fetch_access_token(url=f"{self.API_BASE_URL}token", params=params)


class Work(WorkClient):
    """wechatpy for WeCom at another address."""

    API_BASE_URL = f"{STAND_IN.base}/wecom/cgi-bin/"

    def fetch_access_token(self):
        params = {"corpid": self.corp_id, "corpsecret": self.secret}
        return self._fetch_access_token(url=f"{self.API_BASE_URL}gettoken", params=params)


def refused(code, call, *args, **kwargs):
    """Fails unless the SDK sees this errcode."""
    try:
        call(*args, **kwargs)
    except WeChatClientException as error:
        assert error.errcode == code, f"errcode {error.errcode} instead of {code}"
        return
    raise AssertionError(f"not refused with {code}")


def prove_wechat():
    """Token, message, token ended by another program, quota, file."""
    client = Wechat(wechat.APP_ID, wechat.SECRET)
    refused(45015, client.message.send_text, "openid", "你好")
    STAND_IN.order("wrote", platform="wechat", user="openid", left=2, seconds=60)
    client.message.send_text("openid", "你好")
    STAND_IN.order("expire", of="wechat")
    client.message.send_text("openid", "又一条")
    refused(45047, client.message.send_text, "openid", "多了")
    STAND_IN.order("media", platform="wechat", id="M1", name="a.png", type="image/png", base64="UE5H")
    assert client.media.download("M1").content == b"PNG"
    sent = STAND_IN.all("wechat.send", match="又一条")
    assert [event["outcome"] for event in sent] == [40001, 0], sent
    refused(40125, Wechat(wechat.APP_ID, "wrong").message.send_text, "openid", "你好")


def prove_wecom():
    """Token, message of an app, card, customer service from cursor to menu, states of a session."""
    client = Work(wecom.CORP_ID, wecom.SECRET)
    client.message.send_text(wecom.AGENT_ID, "zhangsan", content="你好")
    client.message.send_markdown(wecom.AGENT_ID, "zhangsan", content="**你好**")
    refused(45002, client.message.send_text, wecom.AGENT_ID, "zhangsan", content="长" * 700)
    said = {"msgid": "m1", "open_kfid": "wk", "external_userid": "wm", "send_time": 2_000_000_000, "origin": 3}
    bell = STAND_IN.order("kf", open_kfid="wk", messages=[{**said, "msgtype": "text", "text": {"content": "在吗"}}])
    # This SDK asks for no account by name: the account of the token is the one of the bell.
    page = client.post("kf/sync_msg", data={"token": bell["token"], "cursor": "", "limit": 1000, "open_kfid": "wk"})
    assert [message["msgid"] for message in page["msg_list"]] == ["m1"] and page["has_more"] == 0, page
    page = client.post("kf/sync_msg", data={"token": bell["token"], "cursor": page["next_cursor"], "open_kfid": "wk"})
    assert page["msg_list"] == [], page
    menu = [{"type": "click", "click": {"id": "101", "content": "满意"}}]
    client.kf_message.send_msgmenu("wm", "wk", "请选择", menu, "谢谢", msgid="a1")
    client.kf_message.send_text("wm", "wk", "你好", msgid="a2")
    assert client.kf.get_service_state("wk", "wm")["service_state"] == 0
    client.kf.trans_service_state("wk", "wm", 2)
    refused(95018, client.kf_message.send_text, "wm", "wk", "你好", msgid="a3")
    refused(95016, client.kf.trans_service_state, "wk", "wm", 1)


class Echo(dingtalk_stream.ChatbotHandler):
    """A robot by the official SDK: answers at the session's address."""

    async def process(self, callback):
        message = dingtalk_stream.ChatbotMessage.from_dict(callback.data)
        self.reply_text(f"收到：{message.text.content.strip()}", message)
        self.reply_markdown("答复", "**年假** 走 OA", message)
        assert self.dingtalk_client.get_access_token()
        return dingtalk_stream.AckMessage.STATUS_OK, "OK"


def prove_dingtalk():
    """Gateway, Stream, answers at the session's address, and a new socket after `disconnect`."""
    logging.getLogger("dingtalk_stream.client").setLevel(logging.CRITICAL)
    credential = dingtalk_stream.Credential(dingtalk.APP_KEY, dingtalk.APP_SECRET)
    client = dingtalk_stream.DingTalkStreamClient(credential)
    client.register_callback_handler(dingtalk_stream.ChatbotMessage.TOPIC, Echo())
    client.logger.setLevel(logging.CRITICAL)
    threading.Thread(target=lambda: asyncio.run(client.start()), daemon=True).start()
    STAND_IN.wait("dingtalk.socket")
    session = STAND_IN.order("session", seconds=60)
    data = {
        "conversationId": "cid", "conversationType": "1", "msgId": "m1", "senderId": "$:x", "senderStaffId": "u1",
        "senderNick": "小钉", "robotCode": dingtalk.ROBOT_CODE, "msgtype": "text", "text": {"content": " 年假怎么请"},
        "sessionWebhook": session["url"], "sessionWebhookExpiredTime": session["until"],
    }
    headers = {"topic": "/v1.0/im/bot/messages/get", "messageId": "cb-1", "contentType": "application/json", "time": "1"}
    frame = {"specVersion": "1.0", "type": "CALLBACK", "headers": headers, "data": json.dumps(data)}
    STAND_IN.order("push", to="dingtalk", frame=frame)
    acked = STAND_IN.wait("dingtalk.ack", match="cb-1")
    assert json.loads(acked[0]["answer"]["data"]) == {"response": "OK"}, acked
    said = STAND_IN.wait("dingtalk.session", count=2)
    assert [event["outcome"] for event in said] == [0, 0], said
    STAND_IN.order("sockets", of="dingtalk", do="disconnect")
    # The SDK closes the old socket before it opens the new one, at once or after ten seconds: that is its business.
    STAND_IN.wait("dingtalk.ack", match="connection is expired")


def prove_node():
    """The AI bot's long connection and the sealing of messages, by the SDKs for Node."""
    cache = pathlib.Path(os.environ["YUNZHU_PLATFORMS"])
    script = pathlib.Path(__file__).with_name("prove.mjs")
    subprocess.run(["node", str(script), str(cache), f"ws://127.0.0.1:{STAND_IN.port}/aibot", STAND_IN.base], check=True, timeout=60)


def main():
    """One line a platform; the first failure ends it."""
    try:
        for prove in (prove_wechat, prove_wecom, prove_dingtalk, prove_node):
            prove()
            print(f"proven {prove.__doc__.splitlines()[0]}", flush=True)
    finally:
        STAND_IN.stop()


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    # The SDK's threads run for ever.
    os._exit(0)
