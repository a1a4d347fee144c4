"""What a check is given: the stand-in, a program that is set up for its group, and the sides of the platforms."""

from dataclasses import dataclass

from fake import aibot, dingtalk, wechat, wecom

from .callers import KEY, TOKEN
from .service import Yunzhu


@dataclass
class Context:
    """For one group of checks."""

    stand_in: object
    opener: object
    yunzhu: Yunzhu
    # Events of the stand-in after this one belong to the check.
    at: int = 0


def settings(stand_in, *, wechat_plain=False, passive_only=False, menu=False, link=False, stream=False, transfer=False, **channels):
    """Settings for all platforms at the stand-in."""
    base, host = stand_in.base, f"127.0.0.1:{stand_in.port}"
    sealed = {} if wechat_plain else {"encoding_aes_key": KEY}
    callback = {"token": TOKEN, "encoding_aes_key": KEY}
    corp = {"corp_id": wecom.CORP_ID, "secret": wecom.SECRET, "api_base": f"{base}/wecom", **callback}
    connect = {"bot_id": aibot.BOT_ID, "secret": aibot.SECRET, "connect_url": f"ws://{host}/aibot"}
    robot = f"{base}/dingtalk/robot/send?access_token={dingtalk.ROBOT_TOKEN}"
    return {
        "log": {"level": "info"},
        "wechat": {
            "app_id": wechat.APP_ID, "app_secret": wechat.SECRET, "token": TOKEN, **sealed,
            "passive_only": passive_only, "menu": menu, "api_base": f"{base}/wechat",
        },
        "wecom_app": {**corp, "agent_id": wecom.AGENT_ID},
        "wecom_kf": {**corp, "transfer": transfer},
        "wecom_bot": connect if link else callback,
        "dingtalk": {
            "app_key": dingtalk.APP_KEY, "app_secret": dingtalk.APP_SECRET, "stream": stream,
            "api_base": f"{base}/dingtalk",
        },
        "robots": {
            "dingtalk_url": robot, "dingtalk_secret": dingtalk.ROBOT_SECRET,
            "wecom_url": f"{base}/wecom/cgi-bin/webhook/send?key={wecom.ROBOT_KEY}",
        },
        "channels": {"allowed_hosts": [host], **channels},
    }
