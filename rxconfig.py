"""Reflex's own configuration; everything of ours lives in funmagic/core/settings.py."""

import os
import sysconfig
from pathlib import Path
from typing import Unpack

import reflex as rx
from reflex.plugins import PreCompileContext
from reflex_base.constants import StateManagerMode

from funmagic.core.settings import get_settings
from funmagic.http.frames import LONGEST_FRAME
from funmagic.ui.reflex_seams.client import TellingClient
from funmagic.ui.reflex_seams.load_order import LoadOrder

settings = get_settings()
scripts = Path(sysconfig.get_path("scripts"))

# Reflex finds Node on the PATH: the one from our requirements must win over the machine's, which may be too old.
os.environ["PATH"] = f"{scripts}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")
# Tells browsers what the server takes.
os.environ["REFLEX_SOCKET_MAX_HTTP_BUFFER_SIZE"] = str(LONGEST_FRAME)

BACKEND_URL = "const endpoint = new URL(url_str);"
PAGE_ORIGIN = "if (typeof window !== 'undefined') return new URL(endpoint.pathname, window.location.origin);"


class SameOrigin(rx.plugins.Plugin):
    """Lets a built page talk to the host and port it came from; Reflex would bake one address in at build time."""

    def pre_compile(self, **context: Unpack[PreCompileContext]) -> None:
        """Have the compiler change the browser's half of Reflex."""
        context["add_modify_task"]("utils/state.js", use_page_origin)


def use_page_origin(code: str) -> str:
    """Reflex's state.js with the backend at the page's own origin; applying it again changes nothing."""
    if PAGE_ORIGIN in code:
        return code
    if code.count(BACKEND_URL) != 1:
        raise RuntimeError("This version of Reflex makes its backend URL in another way: adapt SameOrigin.")
    return code.replace(BACKEND_URL, f"{BACKEND_URL}\n  {PAGE_ORIGIN}")


config = rx.Config(
    app_name="funmagic",
    bun_path=scripts / "bun",
    frontend_port=settings.port,
    backend_port=settings.port,
    backend_host=settings.host,
    cors_allowed_origins=list(settings.allowed_origins),
    trusted_proxy_hops=settings.trusted_proxy_hops,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    frontend_compression_formats=["brotli", "gzip"],
    state_manager_mode=StateManagerMode.MEMORY,
    plugins=[SameOrigin(), TellingClient(), LoadOrder()],
    # A sitemap made at build time has one address baked in, and knows no tool.
    disable_plugins=[rx.plugins.SitemapPlugin],
)
