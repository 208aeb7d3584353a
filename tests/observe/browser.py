"""A headless Chromium, driven through a pipe in the DevTools protocol: JSON messages with a NUL behind each.

https://chromedevtools.github.io/devtools-protocol
"""

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAMS = ("chromium-headless-shell", "chromium")


class Browser:
    """One page. A context manager, so that no process and no profile stays."""

    def __init__(self):
        self.numbers = itertools.count(1)
        self.received = b""
        self.complaints = []  # what the browser says of the page: errors of scripts, what the policy refused

    def __enter__(self):
        program = next(filter(None, map(shutil.which, PROGRAMS)))
        self.profile = tempfile.mkdtemp(prefix="outbox-relay-browser-")
        its_in, self.to = os.pipe()
        self.back, its_out = os.pipe()
        # It reads commands from descriptor 3 and answers on 4.
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", "sh", "-c", f'exec "$@" 3<&{its_in} 4>&{its_out}', "sh", program,
             "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe",
             f"--user-data-dir={self.profile}", "about:blank"],
            pass_fds=(its_in, its_out), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        os.close(its_in)
        os.close(its_out)
        self.session = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.to)
        os.close(self.back)
        shutil.rmtree(self.profile, ignore_errors=True)

    def ask(self, method, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.note(answer)

    def receive(self, seconds=60):
        deadline = time.monotonic() + seconds
        while b"\0" not in self.received:
            if not select.select([self.back], [], [], max(deadline - time.monotonic(), 0))[0]:
                raise RuntimeError("the browser does not answer")
            data = os.read(self.back, 1 << 16)
            if not data:
                raise RuntimeError("the browser ended")
            self.received += data
        message, self.received = self.received.split(b"\0", 1)
        return json.loads(message)

    def note(self, event):
        if event["method"] == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
            self.complaints.append(event["params"]["entry"]["text"])
        if event["method"] == "Runtime.exceptionThrown":
            self.complaints.append(event["params"]["exceptionDetails"]["text"])

    def show(self, width, height, scheme):
        """As on a screen of that size, with that colour scheme asked for."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def go(self, url):
        self.ask("Page.navigate", url=url)

    def allow_scripts(self, allowed):
        """Of the page; `value` works all the same."""
        self.ask("Emulation.setScriptExecutionDisabled", value=not allowed)

    def value(self, expression):
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def picture(self, file):
        """All of the page, as PNG."""
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))
