"""Reflex's own configuration; everything of ours lives in funmagic/core/settings.py."""

import os
import sysconfig
from pathlib import Path

import reflex as rx
from reflex.constants import StateManagerMode

from funmagic.core.settings import get_settings
from funmagic.http.frames import LONGEST_FRAME
from funmagic.ui.reflex_seams.client import OriginalClient, TellingClient
from funmagic.ui.reflex_seams.load_order import LoadOrder
from funmagic.ui.reflex_seams.page_origin import SameOrigin

settings = get_settings()
scripts = Path(sysconfig.get_path("scripts"))

# Reflex finds Node on the PATH: the one from our requirements must win over the machine's, which may be too old.
os.environ["PATH"] = f"{scripts}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")
# Tells browsers what the server takes.
os.environ["REFLEX_SOCKET_MAX_HTTP_BUFFER_SIZE"] = str(LONGEST_FRAME)

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
    plugins=[OriginalClient(), SameOrigin(), TellingClient(), LoadOrder()],
    # A sitemap made at build time has one address baked in, and knows no tool.
    disable_plugins=[rx.plugins.SitemapPlugin],
)
