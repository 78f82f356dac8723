"""What every request passes first: the guard against other sites, and the caller's language."""

import asyncio

from fastapi import HTTPException, status
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funmagic import paths
from funmagic.core.settings import get_settings
from funmagic.http.errors import ForeignOrigin
from funmagic.http.responses import error_response
from funmagic.i18n.translate import negotiate, use_locale

# Every JSON request of the contract is far smaller; files go to the store, never through here.
LONGEST_BODY = 64 * 1024
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# Apple posts its answer from its own site; what it must fit is in a cookie, and what is read there changes nothing.
OPEN_TO_OTHER_SITES = {paths.oauth_callback("apple")}


class SpeakCallersLanguage:
    """Puts the language of Accept-Language in force for a request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request in its language."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with use_locale(negotiate(Headers(scope=scope).get("accept-language", ""))):
            await self._app(scope, receive, send)


class AnswerHeads:
    """Answers HEAD wherever there is a GET, as GET does, and without the body: streams end with their headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        has_asked = False
        has_begun = asyncio.Event()

        async def receive_nothing() -> Message:
            nonlocal has_asked
            if not has_asked:
                has_asked = True
                return {"type": "http.request", "body": b"", "more_body": False}
            # Who wants no body has left once the headers are there.
            await has_begun.wait()
            return {"type": "http.disconnect"}

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})
                has_begun.set()

        scope["method"] = "GET"
        try:
            await self._app(scope, receive_nothing, send_head)
        finally:
            scope["method"] = "HEAD"


class RefuseOtherSites:
    """Lets unsafe API requests and websockets through only from our own pages, or from clients that are no browser."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or answer 403."""
        if scope["type"] == "websocket" and _is_from_elsewhere(scope):
            await send({"type": "websocket.close", "code": status.WS_1008_POLICY_VIOLATION})
            return
        if scope["type"] == "http" and _is_foreign(scope):
            error = ForeignOrigin()
            response = error_response(error.status, error.code, error.message, error.details)
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)


class LimitBodies:
    """Cuts API requests off whose body is longer than any of ours, before it fills the memory."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or answer 413."""
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > LONGEST_BODY:
                raise HTTPException(status.HTTP_413_CONTENT_TOO_LARGE)
            return message

        is_limited = scope["type"] == "http" and scope["path"].startswith(paths.API)
        await self._app(scope, receive_within_limit if is_limited else receive, send)


def _is_foreign(scope: Scope) -> bool:
    if scope["method"] in SAFE_METHODS or not scope["path"].startswith(paths.API):
        return False
    if scope["path"] in OPEN_TO_OTHER_SITES:
        return False
    return _is_from_elsewhere(scope)


def _is_from_elsewhere(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") == "cross-site"
    return origin not in get_settings().allowed_origins
