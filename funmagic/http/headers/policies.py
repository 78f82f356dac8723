"""The Content-Security-Policies: of the built pages, of pages that the server makes by itself, and of all else."""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from funmagic.core.settings import get_settings
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import ADMIN_BUCKET, PRIVATE_BUCKET, PUBLIC_BUCKET
from funmagic.http.headers.built_pages import find_scripts, hash_scripts, scripts_elsewhere

NOTHING = {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'"}
# JSON, files, pictures: none of it runs anything. A picture (SVG) may be drawn in its own colours.
DATA_POLICY = (
    b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# What handlers have the browser do (toasts, for example) is sent by Reflex as text, which its client evaluates.
REFLEX_SCRIPTS = "'self' 'unsafe-eval'"


def page_policy(path: str) -> bytes:
    """The policy of the built page at this address, or of the one that says that nothing is there."""
    return _policy_for(find_scripts(path) or scripts_elsewhere())


@lru_cache
def _policy_for(scripts: tuple[str, ...]) -> bytes:
    store = _store_origins()
    sources = {
        "script-src": (REFLEX_SCRIPTS, *scripts),
        # Components and toasts bring their styles while the page runs.
        "style-src": ("'self'", "'unsafe-inline'"),
        "font-src": ("'self'",),
        # Chosen photos and the textures of 3D models are blobs; small pictures stand in the styles.
        "img-src": ("'self'", "data:", "blob:", *store),
        # Not every browser takes a websocket for a part of 'self'.
        "connect-src": ("'self'", *_sockets(), "blob:", "data:", *store),
        "worker-src": ("'self'", "blob:"),
        "manifest-src": ("'self'",),
        "form-action": ("'self'",),
    }
    return _write({name: " ".join(values) for name, values in sources.items()}).encode()


def plain_policy(html: str, more: Mapping[str, str] | None = None) -> str:
    """The policy of a page that the server makes: the scripts that stand in it, and styles, fonts and pictures of ours.

    `more` adds sources to directives.
    """
    sources = {
        "script-src": " ".join(hash_scripts(html)),
        "style-src": "'self'",
        "font-src": "'self'",
        "img-src": "'self'",
        "form-action": "'self'",
    }
    for name, added in (more or {}).items():
        sources[name] = f"{sources.get(name, '')} {added}".strip()
    return _write({name: values for name, values in sources.items() if values})


def _write(directives: dict[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in (NOTHING | directives).items())


@lru_cache
def _store_origins() -> tuple[str, ...]:
    """Where browsers send photos to and get results from, as the store itself signs it."""
    signed = (get_storage().presign_get(bucket, "x") for bucket in (PRIVATE_BUCKET, PUBLIC_BUCKET, ADMIN_BUCKET))
    return tuple(dict.fromkeys(f"{url.scheme}://{url.netloc}" for url in map(urlsplit, signed)))


def _sockets() -> tuple[str, ...]:
    # http becomes ws, and https wss.
    return tuple(f"ws{origin.removeprefix('http')}" for origin in get_settings().allowed_origins)
