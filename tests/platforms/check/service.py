"""The program under check: starts it, kills it, stops it for a while, and works at its desk as an agent."""

import atexit
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ.get("YUNZHU_BIN", str(ROOT / "target/debug/yunzhu"))
AGENT, PASSWORD = "wang", "a-password-for-checks"


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def toml(sections):
    """Settings as TOML; strings, numbers, booleans and lists are spelt as in JSON."""
    lines = []
    for name, keys in sections.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items())]
    return "\n".join(lines) + "\n"


class Yunzhu:
    """One program with folders of its own."""

    def __init__(self, name, settings, knowledge=None):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix=f"yunzhu-{name}-"))
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.session = requests.Session()
        self.session.trust_env = False
        self.kb = ROOT / "tests" / "data" / "kb"
        if knowledge:
            # Files of the knowledge base that this program has otherwise, by their paths.
            self.kb = shutil.copytree(self.kb, self.home / "kb")
            for path, text in knowledge.items():
                (self.kb / path).write_text(text)
        self.configure(settings)
        self.run("user", "add", AGENT, "--role", "operator", "--password-stdin", given=PASSWORD)

    def configure(self, settings):
        """Writes the settings; they count from the next start."""
        self.settings = settings
        (self.home / "yunzhu.toml").write_text(toml(settings))

    def command(self, *arguments):
        """The program with its folders, in an environment without settings of its own."""
        folders = {"config": "yunzhu.toml", "data": "data", "index": "index"}
        options = [part for name, path in folders.items() for part in (f"--{name}", str(self.home / path))]
        return [BINARY, *options, "--kb", str(self.kb), "--language", "en", *arguments]

    def run(self, *arguments, given=""):
        """A command that ends; gives what it printed."""
        done = subprocess.run(self.command(*arguments), input=given, text=True, capture_output=True, env=environment())
        if done.returncode != 0:
            raise AssertionError(f"yunzhu {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-500:]}")
        return done.stdout

    def start(self):
        """Serves, and waits until it is ready."""
        self.log = open(self.home / "serve.log", "a")
        command = self.command("serve", "--listen", f"127.0.0.1:{self.port}")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, env=environment())
        atexit.register(self.process.kill)
        until = time.time() + 60
        while time.time() < until:
            if self.process.poll() is not None:
                raise AssertionError(f"yunzhu ended with {self.process.returncode}: {self.tail()}")
            try:
                if self.session.get(f"{self.base}/readyz", timeout=2).status_code == 200:
                    return self
            except requests.RequestException:
                pass
            time.sleep(0.05)
        raise AssertionError("yunzhu is not ready after 60 s")

    def tail(self, lines=12):
        """The end of its log."""
        return "\n".join((self.home / "serve.log").read_text().splitlines()[-lines:])

    def signal(self, number):
        """Sends a signal to it."""
        self.process.send_signal(number)

    def kill(self):
        """Ends it as a crash does."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ends it as it wants to be ended; gives its status."""
        if self.process is None or self.process.poll() is not None:
            return None
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
            return -9

    def remove(self):
        """Ends it and takes its folders away."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    # The desk.

    def sign_in(self):
        """Signs the agent in, once."""
        if "Authorization" not in self.session.headers:
            answer = self.session.post(f"{self.base}/api/v1/sessions", json={"name": AGENT, "password": PASSWORD}, timeout=10)
            answer.raise_for_status()
            self.session.headers["Authorization"] = f"Bearer {answer.json()['token']}"

    def desk(self, method, path, **body):
        """A call of the desk's API; gives its JSON."""
        self.sign_in()
        answer = self.session.request(method, f"{self.base}/api/v1{path}", json=body or None, timeout=10)
        if not answer.ok:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None

    def ticket(self, user, seconds=8.0):
        """The open ticket of somebody; waits until there is one."""
        until = time.time() + seconds
        while True:
            tickets = self.desk("GET", f"/tickets?user={user}")["tickets"]
            live = [ticket for ticket in tickets if ticket.get("status") not in ("resolved", "closed", "returned")]
            if live:
                return live[0]["id"]
            if time.time() > until:
                raise AssertionError(f"{user} has no ticket: {tickets}")
            time.sleep(0.1)

    def take(self, ticket):
        """The agent works on a ticket."""
        self.desk("POST", "/presence", available=True)
        self.desk("POST", f"/tickets/{ticket}/actions", do="take")

    def say(self, ticket, text):
        """The agent says something."""
        self.desk("POST", f"/tickets/{ticket}/actions", do="say", text=text)

    def packet(self, ticket):
        """The ticket with everything, as text."""
        return json.dumps(self.desk("GET", f"/tickets/{ticket}"), ensure_ascii=False)

    def wait_packet(self, ticket, part, seconds=8.0):
        """Waits until something stands in a ticket's packet; gives the packet."""
        until = time.time() + seconds
        while part not in (packet := self.packet(ticket)):
            if time.time() > until:
                raise AssertionError(f"{part!r} does not stand in the ticket: {packet[-1500:]}")
            time.sleep(0.15)
        return packet


def environment():
    """What it is started with: no settings from outside, and no proxy."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YUNZHU_") and "proxy" not in name.lower()}
    return {**kept, "LANG": "C.UTF-8"}
