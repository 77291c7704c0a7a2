"""What all drivers share: the conversation with the runner, the order of the steps, the deadlines.

A driver is a `Client` with one method per step. A method returns what the client saw and raises
`Lacks` if the client has no such call; whatever else it raises is reported as the client's error.
"""

import json
import logging
import os
import re
import socket
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from typing import Callable

STEPS = (
    "login", "contacts", "sync", "receive", "receive-video", "receive-voice", "text",
    "image-small", "image-large", "file", "gif", "video", "recall", "avatar", "logout",
)
MESSAGE_SECONDS = 20
STEP_SECONDS = 30
TOTAL_SECONDS = 55


class Lacks(Exception):
    """The client has no call for this step."""


class Refused(Exception):
    """The client reported a failure by its return value."""


@dataclass
class Received:
    """A message as the client's own loop handed it out."""

    id: str
    text: str
    member: str
    save: Callable[[str], object]


class Inbox:
    def __init__(self):
        self._messages = {}
        self._changed = threading.Condition()

    def put(self, message):
        with self._changed:
            self._messages[message.id] = message
            self._changed.notify_all()

    def take(self, id):
        with self._changed:
            if not self._changed.wait_for(lambda: id in self._messages, MESSAGE_SECONDS):
                others = f", {len(self._messages)} others did" if self._messages else ""
                raise TimeoutError(f"the message did not arrive in {MESSAGE_SECONDS} s{others}")
            return self._messages.pop(id)


class Runner:
    """The control connection: every line is answered by one line."""

    def __init__(self):
        host, port = os.environ["WX_CONTROL"].rsplit(":", 1)
        self._stream = socket.create_connection((host, int(port))).makefile("rw", encoding="utf-8")
        self._turn = threading.Lock()

    def tell(self, line):
        with self._turn:
            print(json.dumps(line), file=self._stream, flush=True)
            return json.loads(self._stream.readline())

    def ask(self, what):
        return self.tell({"ask": what})


class Client:
    """The steps that are alike for all clients; a subclass has the rest.

    `packages` are the Python packages that are the client: their lines are the evidence in errors.
    """

    packages: tuple[str, ...]

    def __init__(self, name):
        self.name = name
        self.runner = Runner()
        self.names = self.runner.ask("names")
        self.inbox = Inbox()

    def given(self, name):
        return os.path.join(os.environ["WX_FILES"], name)

    def hello(self):
        return f"hello from {self.name} 你好 <&>"

    def sync(self):
        friend = self.inbox.take(self.runner.ask("text")["msg_id"])
        room = self.inbox.take(self.runner.ask("room-text")["msg_id"])
        return {"texts": [friend.text, room.text], "member": room.member}

    def receive(self):
        return self.saved("image", "received.jpg")

    def receive_video(self):
        return self.saved("video", "received.mp4")

    def receive_voice(self):
        return self.saved("voice", "received.mp3")

    def saved(self, what, name):
        path = os.path.abspath(name)
        self.inbox.take(self.runner.ask(what)["msg_id"]).save(path)
        return {"path": path}


def drive(client):
    """Takes the client through all steps and ends the process, whatever the client is doing."""
    evidence = Evidence(client.packages)
    end = time.monotonic() + TOTAL_SECONDS
    logged_in = False
    for step in STEPS:
        left = end - time.monotonic()
        if left < 0:
            report = {"error": f"not tried: the {TOTAL_SECONDS} s are over"}
        elif logged_in or step == "login":
            call = getattr(client, step.replace("-", "_"))
            report = attempt(call, min(STEP_SECONDS, left), evidence)
            logged_in = logged_in or "saw" in report
        else:
            report = {"error": "not tried: the login failed"}
        client.runner.tell({"step": step, **report})
    client.runner.tell({"done": True})
    sys.stdout.flush()
    # Threads of the client may still be polling, and its exit handlers may wait for them.
    os._exit(0)


def attempt(call, seconds, evidence):
    report = {}

    def work():
        try:
            report["saw"] = call()
        except Lacks as lacks:
            report["lacks"] = str(lacks)
        except BaseException as error:  # some clients call sys.exit()
            report["error"] = evidence.of(error)

    thread = threading.Thread(target=work, daemon=True)
    evidence.background.clear()
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        stack = traceback.extract_stack(sys._current_frames().get(thread.ident))
        return {"error": f"no end within {seconds:.0f} s{evidence.line(stack)}"}
    if "error" in report and evidence.background:
        report["error"] += f"; its background thread: {evidence.background[-1]}"
    return report


class Evidence(logging.Handler):
    """Turns exceptions into one line that names the client's own source line.

    What the client's threads raise, or catch and log, is kept in `background`.
    """

    def __init__(self, packages):
        super().__init__(logging.ERROR)
        self._packages = packages
        self.background = []
        logging.getLogger().addHandler(self)
        threading.excepthook = lambda args: self.background.append(self.of(args.exc_value))

    def emit(self, record):
        if record.exc_info and record.exc_info[1]:
            self.background.append(self.of(record.exc_info[1]))
            return
        # Otherwise the traceback is the message itself.
        text = record.getMessage()
        frames = re.findall(r'File "(.*)", line (\d+)', text)
        stack = [traceback.FrameSummary(path, int(line), "") for path, line in frames]
        last = text.strip().rsplit("\n", 1)[-1]
        self.background.append(one_line(last) + self.line(stack))

    def of(self, error):
        line = self.line(traceback.extract_tb(error.__traceback__))
        if not str(error) and error.__context__:
            return f"{type(error).__name__}{line}, for {self.of(error.__context__)}"
        return one_line(f"{type(error).__name__}: {error}") + line

    def line(self, stack):
        for frame in reversed(stack):
            path = os.path.relpath(frame.filename, os.environ["PYTHONPATH"])
            if path.split(os.sep)[0] in self._packages:
                return f" ({path}:{frame.lineno})"
        return ""


def one_line(text):
    """Without the query strings of URLs, which hold the login's secrets."""
    return re.sub(r"\?\S+", "?...", " ".join(text.split()))[:300]
