"""What a sign-in must remember while the person is at the provider: one signed cookie for each that is under way.

One each, so that two tabs can do it at once; in the browser, so that nobody can finish a sign-in that they began
elsewhere, such as somebody else's with an account of their own.
"""

from collections.abc import Mapping
from dataclasses import asdict

from fastapi import Response
from itsdangerous import BadData, URLSafeTimedSerializer

from funmagic import paths
from funmagic.core.settings import get_settings
from funmagic.oauth.flow import Flow

COOKIE_PREFIX = "fm_oauth_"
LIFETIME_S = 600


def keep_flow(response: Response, flow: Flow) -> None:
    """Have the browser remember a sign-in for ten minutes."""
    response.set_cookie(
        COOKIE_PREFIX + flow.state,
        _serializer().dumps(asdict(flow)),
        max_age=LIFETIME_S,
        path=paths.API_OAUTH,
        httponly=True,
        samesite="lax",
        secure=get_settings().is_secure,
    )


def find_flow(cookies: Mapping[str, str], provider: str, state: str) -> Flow | None:
    """The sign-in that this very browser began with this provider; None when there is none, or it is too old."""
    try:
        flow = Flow(**_serializer().loads(cookies.get(COOKIE_PREFIX + state, ""), max_age=LIFETIME_S))
    except BadData:
        return None
    return flow if (flow.provider, flow.state) == (provider, state) else None


def forget_flow(response: Response, flow: Flow) -> None:
    """Have the browser forget a sign-in that has ended."""
    response.delete_cookie(
        COOKIE_PREFIX + flow.state,
        path=paths.API_OAUTH,
        httponly=True,
        samesite="lax",
        secure=get_settings().is_secure,
    )


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(get_settings().signing_key(), salt="oauth-flow")
