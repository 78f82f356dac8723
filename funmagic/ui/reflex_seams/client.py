"""What we change in Reflex's client as it is compiled: it tells of its line, and needs no cookies.

Read in Reflex 0.10.1.
"""

from pathlib import Path
from typing import Unpack

import reflex as rx
import reflex_base
from reflex.plugins import PreCompileContext

CLIENT = "utils/state.js"
ORIGINAL = Path(reflex_base.__file__).parent / ".templates" / "web" / CLIENT

# Added once, at the end; the rest of the file calls them.
FUNCTIONS = """
/** What the browser's cookies are; null where it keeps them from us. */
function readCookies() {
  try {
    return document.cookie;
  } catch {
    return null;
  }
}

/** Tells pages whether the live connection is there: see funmagic/ui/wrapped/page/line.js. */
function tellOfLine(isThere) {
  window.funmagicLine = isThere;
  window.dispatchEvent(new CustomEvent("funmagic:line", { detail: isThere }));
}

/** A line that the system says is gone is let go at once; what is sent meanwhile waits for the next one. */
function followSystem(socket) {
  window.addEventListener("offline", () => socket.current?.io.engine?.close());
  window.addEventListener("online", () => socket.current?.reconnect());
}
"""
HELD = 'if (!resolveSocket(socket)?.connected && isStateful()) window.dispatchEvent(new Event("funmagic:held"));'
LOADED = 'if (delta[app.state_name]?.is_hydrated_rx_state_) window.dispatchEvent(new Event("funmagic:loaded"));'
NO_COOKIES = "readCookies() === null ? { get() {}, set() {}, remove() {} } : "
# What is put in behind which lines.
BEHIND = {
    "    event_queue.push(...normalized);\n  }\n": f"  {HELD}\n",
    "    setConnectErrors([]);\n": "    tellOfLine(true);\n",
    '  socket.current.on("disconnect", (reason, details) => {\n': "    tellOfLine(false);\n",
    "        applyClientStorageDelta(client_storage, delta);\n": f"        {LOADED}\n",
    '  document.addEventListener("visibilitychange", checkVisibility);\n': "  followSystem(socket);\n",
}
CHANGES = {was: was + added for was, added in BEHIND.items()} | {
    "const cookies = new Cookies();": f"const cookies = {NO_COOKIES}new Cookies();",
    "const cookie = document.cookie\n": 'const cookie = (readCookies() ?? "")\n',
}


class OriginalClient(rx.plugins.Plugin):
    """Starts every compilation from Reflex's own client, as an older version of ours may have changed the file."""

    def pre_compile(self, **context: Unpack[PreCompileContext]) -> None:
        """Have the compiler restore the original; the plugins that change it come after this one."""
        context["add_modify_task"](CLIENT, lambda _changed: ORIGINAL.read_text())


class TellingClient(rx.plugins.Plugin):
    """Changes Reflex's client: pages can read its connection's state, and it works where cookies are blocked."""

    def pre_compile(self, **context: Unpack[PreCompileContext]) -> None:
        """Have the compiler change the browser's half of Reflex."""
        context["add_modify_task"](CLIENT, change_client)


def change_client(code: str) -> str:
    """Reflex's state.js with our changes; applying them again changes nothing."""
    if FUNCTIONS in code:
        return code
    for was, becomes in CHANGES.items():
        if code.count(was) != 1:
            raise RuntimeError("This version of Reflex's client is another one: adapt TellingClient.")
        code = code.replace(was, becomes)
    return code + FUNCTIONS
