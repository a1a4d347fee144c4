"""Checks yunzhu against the stand-in, platform by platform: `python checks.py [--only WORDS] [--keep]`.

Prints a line for each check and `N passed, M failed`; ends with 1 where one failed. Programs of different settings run side
by side; the checks of one group run one after the other. YUNZHU_BIN and YUNZHU_PLATFORMS are explained in run.sh.
"""

import argparse
import importlib
import os
import sys
import threading
import time

from check import robots
from check.callers import KEY, TOKEN, Opener
from check.context import Context, settings
from check.runner import run_group
from check.service import Yunzhu
from check.stand_in import StandIn
from fake import aibot, dingtalk, wechat, wecom

# Each program with its settings, and the groups of checks that are made with it.
PROGRAMS = {
    "callbacks": ({}, ["wechat", "wecom_app", "dingtalk", "commands"]),
    "bells": ({}, ["wecom_kf", "hostile"]),
    "bots": ({}, ["wecom_bot"]),
    "plain": ({"wechat_plain": True, "menu": True, "transfer": True}, ["wechat_plain", "wecom_kf_transfer"]),
    "passive": ({"passive_only": True}, ["wechat_passive"]),
    "links": ({"link": True, "stream": True}, ["wecom_link", "dingtalk_stream"]),
    "alerts": ({"knowledge": {"service/alerts.toml": robots.LADDER}}, ["robots"]),
    "stale": ({"fresh_minutes": 0}, ["stale"]),
}


def afterwards(yunzhu):
    """What is wrong with a program after its checks: how it ends, panics, secrets in its log or in its folders."""
    wrong = []
    if (status := yunzhu.stop()) != 0:
        wrong.append(f"it ended with {status} after SIGTERM")
    log = yunzhu.tail(1_000_000)
    if "panicked" in log:
        wrong.append(f"panics: {[line for line in log.splitlines() if 'panicked' in line][:3]}")
    settings = [TOKEN, KEY, wechat.SECRET, wecom.SECRET, aibot.SECRET, dingtalk.APP_SECRET, dingtalk.ROBOT_TOKEN, wecom.ROBOT_KEY]
    given = ["response_code=", "sendBySession", "t/ick", "t%2Fick", "-token-", "bell-"]
    shown = [secret for secret in settings + given if secret in log]
    if shown:
        wrong.append(f"its log has secrets: {shown}")
    kept = b"".join(path.read_bytes() for path in (yunzhu.home / "data").glob("yunzhu.db*"))
    lying = [secret for secret in settings + ["response_code=", "sendBySession"] if secret.encode() in kept]
    if lying:
        wrong.append(f"its database has secrets in the open: {lying}")
    return wrong


def one_program(name, only, opener, results, keep):
    """Runs the groups of one program, each program with a stand-in of its own."""
    given, groups = PROGRAMS[name]
    given = dict(given)
    knowledge = given.pop("knowledge", None)
    stand_in, yunzhu = StandIn(), None
    try:
        yunzhu = Yunzhu(name, settings(stand_in, **given), knowledge).start()
        for group in groups:
            context = Context(stand_in, opener, yunzhu)
            results.append(run_group(group, context, only))
        wrong = afterwards(yunzhu)
        for words in wrong:
            print(f"FAIL {name}: {words}", flush=True)
        results.append((0, [f"{name}: {words}" for words in wrong]))
    except Exception as error:
        results.append((0, [f"{name}: {error}"]))
        print(f"FAIL {name}: {error}", flush=True)
    finally:
        if yunzhu is None:
            pass
        elif keep:
            print(f"kept: {name} in {yunzhu.home}")
            yunzhu.stop()
        else:
            yunzhu.remove()
        stand_in.stop()


def main():
    """All programs side by side."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", help="checks whose name has these words")
    options.add_argument("--program", action="append", choices=PROGRAMS, help="only these programs")
    options.add_argument("--keep", action="store_true", help="keep the folders of the programs")
    options = options.parse_args()
    for _, groups in PROGRAMS.values():
        for group in groups:
            importlib.import_module(f"check.{group}")
    begun, results, opener = time.time(), [], Opener()
    threads = [
        threading.Thread(target=one_program, args=(name, options.only, opener, results, options.keep), daemon=True)
        for name in options.program or PROGRAMS
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed = sum(count for count, _ in results)
    failed = [name for _, names in results for name in names]
    for name in failed:
        print(f"failed: {name}")
    print(f"{passed} passed, {len(failed)} failed in {time.time() - begun:.0f} s", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    os.environ.setdefault("YUNZHU_PLATFORMS", "target/platforms")
    status = main()
    sys.stdout.flush()
    # Calls that still wait for an answer must not keep it.
    os._exit(status)
