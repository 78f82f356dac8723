"""The built pages: at which addresses they answer, and the hashes of the scripts that stand in them."""

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

# Where Reflex puts them.
BUILT_DIR = Path(".web") / "build" / "client"
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
NOT_FOUND = "404.html"


def find_scripts(path: str) -> tuple[str, ...]:
    """The hashes of the inline scripts of the built page at this address; none when there is no such page."""
    return _scripts_by_address().get(path, ())


def scripts_elsewhere() -> tuple[str, ...]:
    """The same of the page that answers every address without a page of its own."""
    return find_scripts(f"/{NOT_FOUND}")


def hash_scripts(html: str) -> tuple[str, ...]:
    """The inline scripts of a page, as a Content-Security-Policy names them."""
    scripts = dict.fromkeys(INLINE_SCRIPT.findall(html))
    return tuple(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    )


@lru_cache
def _scripts_by_address() -> dict[str, tuple[str, ...]]:
    """Read once: a web process and its pages are started together."""
    found: dict[str, tuple[str, ...]] = {}
    for file in BUILT_DIR.rglob("*.html"):
        address = f"/{file.relative_to(BUILT_DIR).as_posix()}"
        folder = address.removesuffix("index.html")
        found |= dict.fromkeys({address, folder, folder.rstrip("/") or "/"}, hash_scripts(file.read_text()))
    return found
