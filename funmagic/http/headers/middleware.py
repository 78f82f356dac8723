"""What every answer tells the browser besides itself: what it may run, load, keep, and tell other sites."""

from collections.abc import Iterable
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funmagic.core.settings import get_settings
from funmagic.http.headers.built_pages import find_scripts
from funmagic.http.headers.caching import how_long_to_keep
from funmagic.http.headers.policies import DATA_POLICY, page_policy
from funmagic.paths import is_secret

Header = tuple[bytes, bytes]

FOR_ALL = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": ", ".join(
        f"{feature}=()"
        for feature in (
            *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media"),
            *("geolocation", "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment"),
            *("publickey-credentials-get", "serial", "usb", "xr-spatial-tracking"),
        )
    ),
}
# Told to browsers that came by https; whether other names of the domain have it, is not ours to say.
ONLY_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}
REFERRER = b"strict-origin-when-cross-origin"
NO_REFERRER = b"no-referrer"
FORBIDDEN = 403
REFUSAL = "websocket.http.response"


class AnswerHeaders:
    """Gives every answer the headers that it does not have of its own; the outermost part of the product."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the wrapped application does, with its headers made complete."""
        if scope["type"] == "http":
            path = scope["path"]

            async def send_with_headers(message: Message) -> None:
                if message["type"] == "http.response.start":
                    complete(path, message)
                await send(message)

            await self._app(scope, receive, send_with_headers)
        elif scope["type"] == "websocket" and REFUSAL in scope.get("extensions", ()):
            await self._app(scope, receive, _refusing_with_headers(send))
        else:
            await self._app(scope, receive, send)


def complete(path: str, message: Message) -> None:
    """Add to the start of an answer what it does not say itself."""
    headers: list[Header] = list(message.get("headers", ()))
    present = {name.lower(): value for name, value in headers}
    # What the server makes by itself says so with a policy of its own.
    is_html = present.get(b"content-type", b"").startswith(b"text/html") and b"content-security-policy" not in present
    is_page = is_html or bool(find_scripts(path))
    wanted = (
        *_headers_for_all(),
        (b"referrer-policy", NO_REFERRER if is_secret(path) else REFERRER),
        (b"content-security-policy", page_policy(path) if is_page else DATA_POLICY),
        (b"cache-control", how_long_to_keep(path, message["status"], is_page=is_page)),
    )
    message["headers"] = headers + [header for header in wanted if header[0] not in present]


@lru_cache
def _headers_for_all() -> tuple[Header, ...]:
    return _encoded((FOR_ALL | (ONLY_HTTPS if get_settings().is_secure else {})).items())


def _encoded(headers: Iterable[tuple[str, str]]) -> tuple[Header, ...]:
    return tuple((name.lower().encode(), value.encode()) for name, value in headers)


def _refusing_with_headers(send: Send) -> Send:
    """Answers a refused handshake as any other request; left alone, the server would do it without a header."""
    is_begun = False

    async def send_refusal(message: Message) -> None:
        nonlocal is_begun
        if message["type"] == "websocket.close" and not is_begun:
            answer: Message = {"type": f"{REFUSAL}.start", "status": FORBIDDEN, "headers": []}
            complete("", answer)
            await send(answer)
            message = {"type": f"{REFUSAL}.body", "body": b""}
        elif message["type"] == f"{REFUSAL}.start":
            complete("", message)
        is_begun = True
        await send(message)

    return send_refusal
