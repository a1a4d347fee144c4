"""The stand-in as checks see it: starts it, makes it do things, waits for what it got."""

import atexit
import json
import pathlib
import subprocess
import sys

import requests

HERE = pathlib.Path(__file__).resolve().parent.parent


class StandIn:
    """A stand-in of our own, in a process of its own."""

    def __init__(self):
        command = [sys.executable, str(HERE / "stand_in.py")]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        self.port = int(self.process.stdout.readline())
        self.base = f"http://127.0.0.1:{self.port}"
        self.session = requests.Session()
        self.session.trust_env = False

    def stop(self):
        """Ends it."""
        self.process.terminate()
        self.process.wait()

    def order(self, what, **facts):
        """Has it do something; see `fake/control.py`."""
        answer = self.session.post(f"{self.base}/control/{what}", json=facts, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def now(self):
        """How many events there are: those after it are new."""
        return self._events(0)["last"]

    def _events(self, after, kinds=(), match="", count=1, wait=0.0):
        asked = {"after": after, "kind": ",".join(kinds), "match": match, "count": count, "wait": wait}
        answer = self.session.get(f"{self.base}/control/events", params=asked, timeout=wait + 10)
        answer.raise_for_status()
        return answer.json()

    def wait(self, *kinds, after=0, match="", count=1, seconds=8.0):
        """The events of these kinds, at least `count` of them; fails where they do not come."""
        found = self._events(after, kinds, match, count, seconds)["events"]
        if len(found) < count:
            lately = [brief(event) for event in self._events(after)["events"][-6:]]
            raise AssertionError(f"{len(found)} of {count} {'/'.join(kinds)} with {match!r} after {seconds} s; there is {lately}")
        return found

    def none(self, *kinds, after=0, match="", seconds=1.2):
        """Fails where an event of these kinds comes."""
        found = self._events(after, kinds, match, 1, seconds)["events"]
        if found:
            raise AssertionError(f"not expected: {[brief(event) for event in found]}")

    def all(self, *kinds, after=0, match=""):
        """The events of these kinds until now."""
        return self._events(after, kinds, match)["events"]


def brief(event):
    """An event in one line."""
    return json.dumps({key: event[key] for key in event if key not in ("at", "seq", "query")}, ensure_ascii=False)[:300]
