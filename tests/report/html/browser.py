# SPDX-License-Identifier: Apache-2.0
"""Headless Chromium over its DevTools pipe: a page, what it logs, its keys, its mouse."""

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Tab", "chromium", "opened"]

PATIENCE = 30.0
"""Seconds that an answer may take."""
FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
)
KEYS = {"Enter": 13, "Escape": 27, "Tab": 9, "/": 191, " ": 32,
        "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}  # fmt: skip
TEXT = {"Enter": "\r", "/": "/", " ": " "}


def chromium() -> str | None:
    """The browser on PATH, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


class Tab:
    """One page; ``errors``: what it logged as errors or warnings, or threw."""

    def __init__(self, to_browser: int, from_browser: int):
        self._write, self._read = to_browser, from_browser
        self._rest, self._number = b"", 0
        self._session: str | None = None
        self._events: list[str] = []
        self.errors: list[str] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        found = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = found["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command and its answer; raises ``RuntimeError`` if it fails."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while (found := self._message()).get("id") != self._number:
            self._note(found)
        if "error" in found:
            raise RuntimeError(f"{method} failed: {found['error']['message']}")
        return dict(found["result"])

    def show(self, file: Path, *, width: int, height: int = 900, dark: bool = False) -> None:
        """Loads a file in a window of so many pixels."""
        self.ask("Emulation.setDeviceMetricsOverride",
                 width=width, height=height, deviceScaleFactor=1, mobile=False)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme, still])
        self._events.clear()
        self.ask("Page.navigate", url=file.as_uri())
        while "Page.loadEventFired" not in self._events:
            self._note(self._message())

    def run(self, script: str) -> Any:
        """The value of an expression in the page; raises ``RuntimeError`` if it throws."""
        found = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            raise RuntimeError(f"{script}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def press(self, *keys: str, shift: bool = False) -> None:
        """Keys by their names, one after another."""
        for key in keys:
            code = KEYS.get(key, ord(key[0].upper()))
            text = {"text": TEXT.get(key, key)} if key in TEXT or len(key) == 1 else {}
            same = {"key": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
            self.ask("Input.dispatchKeyEvent", type="keyDown", **same, **text)
            self.ask("Input.dispatchKeyEvent", type="keyUp", **same)

    def click(self, selector: str) -> None:
        """The left button in the middle of the first element of a selector."""
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        self.press_at(x, y)

    def press_at(self, x: float, y: float) -> None:
        """The left button at a place of the window, in pixels."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def _message(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            if not select.select([self._read], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError(f"Chromium must answer within {PATIENCE:g} seconds")
            if not (more := os.read(self._read, 1 << 16)):
                raise EOFError("Chromium must stay open, but it ended")
            self._rest += more
        text, self._rest = self._rest.split(b"\0", 1)
        return dict(json.loads(text))

    def _note(self, event: dict[str, Any]) -> None:
        name, said = event.get("method", ""), event.get("params", {})
        self._events.append(name)
        if name == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(said["exceptionDetails"]))
        elif name == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning", "assert"):
            self.errors.append(json.dumps(said["args"]))
        elif name == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            self.errors.append(said["entry"]["text"])


@contextmanager
def opened(program: str, profile: Path) -> Iterator[Tab]:
    """A browser with one page. It reads commands from descriptor 3 and answers on 4.

    profile: folder for what it keeps
    """
    from_us, to_browser = os.pipe()
    from_browser, to_us = os.pipe()

    def descriptors() -> None:
        # The pipes may be 3 and 4 themselves, in whatever order.
        spare = os.dup(to_us)
        os.dup2(os.dup(from_us), 3)
        os.dup2(spare, 4)

    command = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(
        command, preexec_fn=descriptors, close_fds=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(from_us)
    os.close(to_us)
    try:
        yield Tab(to_browser, from_browser)
    finally:
        process.kill()
        process.wait()
        os.close(to_browser)
        os.close(from_browser)
