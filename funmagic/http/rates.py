"""Counts each API request for its address, and for its user where the route reads the session."""

import time
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from funmagic import paths
from funmagic.core.emails import canonical_email
from funmagic.http.client_address import client_address
from funmagic.http.responses import error_response
from funmagic.rate_limits.config import Category
from funmagic.rate_limits.counting import Count, Hit, check_rate, count_hits, serve_address
from funmagic.rate_limits.errors import TooManyRequests
from funmagic.rate_limits.subjects import address_subject, email_subject
from funmagic.sessions.viewer import Viewer

AUTH_ACTIONS = {
    ("POST", paths.API_SIGN_IN),
    ("POST", paths.API_SIGN_UP),
    ("POST", paths.API_MAGIC_LINK),
    ("POST", paths.API_FORGOT_PASSWORD),
    ("POST", paths.API_RESET_PASSWORD),
    ("POST", paths.API_RESEND_VERIFICATION),
    # Whoever found a browser signed in may guess at the current password here.
    ("PUT", paths.API_PROFILE_PASSWORD),
    ("POST", paths.API_PROFILE_EMAIL),
}
# Whoever holds a mailed link, or wants to leave, has nothing to guess.
FREE_OF_AUTH = {paths.API_VERIFY_EMAIL, paths.API_MAGIC_LINK_VERIFY, paths.API_SIGN_OUT}
COUNTS = "rate_limit_counts"


class LimitRates:
    """Answers 429 to an address that asks too often, and tells the others how much is left."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or answer 429."""
        address = client_address(scope) if scope["type"] == "http" else None
        # Its address is counted here; services count for tabs only.
        serve_address(None)
        if address is None or not _is_limited(scope):
            await self._app(scope, receive, send)
            return
        hits = [Hit(category, address_subject(address)) for category in _categories(scope)]
        counts = await count_hits(hits)
        scope.setdefault("state", {})[COUNTS] = counts

        async def send_with_counts(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(message, counts)
            await send(message)

        try:
            _check(counts)
        except TooManyRequests as error:
            refusal = error_response(error.status, error.code, error.message, error.details, error.headers)
            await refusal(scope, receive, send_with_counts)
            return
        await self._app(scope, receive, send_with_counts)


async def limit_viewer(scope: MutableMapping[str, Any], viewer: Viewer) -> None:
    """Count a request for its user; raises TooManyRequests."""
    counts = await count_hits([Hit(Category.USER_API, viewer.id, viewer.lifetime_purchased)])
    scope.setdefault("state", {}).setdefault(COUNTS, []).extend(counts)
    _check(counts)


def limit_email(scope: MutableMapping[str, Any], email: str) -> None:
    """Count what an address does about an email, from a thread; raises TooManyRequests."""
    if address := client_address(scope):
        check_rate(Category.AUTH_EMAIL, email_subject(address, canonical_email(email)))


def _is_limited(scope: Scope) -> bool:
    path = scope["path"]
    # Stripe comes from few addresses, and proves with its signature that it is Stripe.
    is_exempt = path == paths.API_STRIPE_WEBHOOK or path.startswith(paths.API_DOCS_FILES)
    return path.startswith(paths.API + "/") and not is_exempt


def _categories(scope: Scope) -> list[Category]:
    path = scope["path"]
    method = scope["method"]
    if (method, path) in AUTH_ACTIONS:
        return [Category.GLOBAL_API, Category.AUTH_ACTION]
    if path.startswith(paths.API_AUTH) and path not in FREE_OF_AUTH:
        return [Category.GLOBAL_API, Category.AUTH_SESSION]
    if method == "POST" and path == paths.API_UPLOAD:
        return [Category.GLOBAL_API, Category.UPLOAD]
    return [Category.GLOBAL_API]


def _check(counts: list[Count]) -> None:
    # The one that lasts longest says when to come back.
    for count in sorted(counts, key=lambda count: -count.resets_in_s):
        count.check()


def _add_headers(message: Message, counts: list[Count]) -> None:
    """What is left of the limit that is nearest, unless a refusal has said so."""
    if not counts:
        return
    nearest = min(counts, key=lambda count: count.remaining)
    headers = MutableHeaders(scope=message)
    headers.setdefault("X-RateLimit-Limit", str(nearest.allowed))
    headers.setdefault("X-RateLimit-Remaining", str(nearest.remaining))
    headers.setdefault("X-RateLimit-Reset", str(int(time.time()) + nearest.resets_in_s))
