"""Addresses: of our own pages in mails, and the one a person was going to when they had to sign in."""

from urllib.parse import unquote, urlencode, urlsplit

from funmagic import paths
from funmagic.core.settings import get_settings

LONGEST = 500


def public_url(path: str) -> str:
    """One of our pages as the whole world knows it."""
    return get_settings().public_url + path


def mailed_link(path: str, token: str) -> str:
    """The address of a mailed link."""
    return f"{public_url(path)}?{urlencode({'token': token})}"


def own_path(wanted: str | None) -> str:
    """Where to go after signing in: `wanted` if it is a path of this very site, else the tools."""
    if not wanted or len(wanted) > LONGEST or not wanted.isprintable() or "\\" in wanted:
        return paths.TOOLS
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return paths.TOOLS
    is_path = wanted.startswith("/") and not wanted.startswith("//") and not parts.scheme and not parts.netloc
    # Nobody is sent to a place that is no page, or that would send them elsewhere.
    steps = unquote(parts.path).split("/")
    is_page = f"/{steps[1]}" not in (paths.API, paths.STORAGE) if len(steps) > 1 else False
    return wanted if is_path and is_page and ".." not in steps and "." not in steps else paths.TOOLS
