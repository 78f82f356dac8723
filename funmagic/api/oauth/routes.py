"""`/api/auth/oauth/*`: to a provider, and back from it."""

import asyncio
from typing import Annotated
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import RedirectResponse

from funmagic import paths
from funmagic.api.oauth.flows import find_flow, forget_flow, keep_flow
from funmagic.api.oauth.relay import relay_page
from funmagic.core.db import transact
from funmagic.core.errors import NotFound
from funmagic.core.links import own_path
from funmagic.core.settings import get_settings
from funmagic.http.callers import OptionalViewer, SessionToken, sign_in_browser
from funmagic.http.errors import ForeignOrigin
from funmagic.oauth.apple import read_name
from funmagic.oauth.errors import OAuthExpired, OAuthFailure
from funmagic.oauth.exchange import begin, identify, refuse
from funmagic.oauth.flow import Flow
from funmagic.oauth.providers import configured_providers
from funmagic.oauth.service import connect, enter
from funmagic.sessions.viewer import Viewer

router = APIRouter(tags=["auth"])
log = structlog.get_logger()

ANSWER_FIELDS = ("state", "code", "error", "user")
NextUrl = Annotated[str, Query(alias="next")]


@router.get(paths.API_OAUTH + "/{provider}", status_code=status.HTTP_302_FOUND, response_class=Response)
async def leave_for_provider(
    provider: str, request: Request, viewer: OptionalViewer, next_url: NextUrl = "", *, link: bool = False
) -> Response:
    """Send the person to a provider to sign in there; with `link`, to connect it to the account they have here."""
    _require_configured(provider)
    next_url = own_path(next_url)
    if link and viewer is None:
        return RedirectResponse(_login_page(next=next_url), status.HTTP_302_FOUND)
    if link and request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        # Nobody connects an account by following somebody else's link.
        raise ForeignOrigin
    redirect_uri = _own_origin(request) + paths.oauth_callback(provider)
    linking_user_id = viewer.id if link and viewer else ""
    try:
        url, secrets = await begin(provider, redirect_uri)
    except OAuthFailure as failure:
        return RedirectResponse(_failure_page(failure, next_url, linking_user_id), status.HTTP_302_FOUND)
    flow = Flow(provider, redirect_uri=redirect_uri, next_url=next_url, linking_user_id=linking_user_id, **secrets)
    response = RedirectResponse(url, status.HTTP_302_FOUND)
    keep_flow(response, flow)
    return response


@router.get(paths.oauth_callback("{provider}"), status_code=status.HTTP_303_SEE_OTHER, response_class=Response)
async def return_from_provider(
    provider: str, request: Request, viewer: OptionalViewer, token: SessionToken = None
) -> Response:
    """Sign in whom the provider sends back, and go on where they were going; or to a page that says what went wrong."""
    _require_configured(provider)
    return await _finish(provider, dict(request.query_params), request, viewer, token)


@router.post(paths.oauth_callback("{provider}"), status_code=status.HTTP_303_SEE_OTHER, response_class=Response)
async def return_from_provider_by_form(
    provider: str, request: Request, viewer: OptionalViewer, token: SessionToken = None
) -> Response:
    """The same for a provider that posts its answer; what another site posts is first taken over into ours."""
    _require_configured(provider)
    async with request.form() as form:
        answer = {name: str(form[name]) for name in ANSWER_FIELDS if name in form}
    if request.headers.get("origin") not in get_settings().allowed_origins:
        return relay_page(answer)
    return await _finish(provider, answer, request, viewer, token)


async def _finish(
    provider: str, answer: dict[str, str], request: Request, viewer: Viewer | None, token: str | None
) -> Response:
    flow = find_flow(request.cookies, provider, answer.get("state", ""))
    if flow is None:
        return RedirectResponse(_failure_page(OAuthExpired(), "", ""), status.HTTP_303_SEE_OTHER)
    try:
        entered = await _enter(flow, answer, viewer, token)
    except OAuthFailure as failure:
        log.info("oauth_ended", provider=provider, code=failure.code)
        page = _failure_page(failure, flow.next_url, flow.linking_user_id)
        response = RedirectResponse(page, status.HTTP_303_SEE_OTHER)
    else:
        response = RedirectResponse(flow.next_url, status.HTTP_303_SEE_OTHER)
        if not flow.linking_user_id:
            await asyncio.to_thread(sign_in_browser, request, response, entered, token)
    forget_flow(response, flow)
    return response


async def _enter(flow: Flow, answer: dict[str, str], viewer: Viewer | None, token: str | None) -> Viewer:
    if error := answer.get("error"):
        raise refuse(error)
    if flow.linking_user_id and (viewer is None or viewer.id != flow.linking_user_id):
        raise OAuthExpired  # somebody else is signed in by now
    if not answer.get("code"):
        raise OAuthFailure
    identity = await identify(flow, answer["code"], told_name=read_name(answer.get("user", "")))
    if flow.linking_user_id and viewer:
        return await transact(connect, viewer, identity, token=token)
    return await transact(enter, identity)


def _require_configured(provider: str) -> None:
    if provider not in configured_providers():
        raise NotFound


def _own_origin(request: Request) -> str:
    """Our address as this browser knows it, so that the cookie is there when it comes back."""
    settings = get_settings()
    scheme = settings.public_url.partition("://")[0]
    origin = f"{scheme}://{request.headers.get('host', '')}"
    return origin if origin in settings.allowed_origins else settings.public_url


def _failure_page(failure: OAuthFailure, next_url: str, linking_user_id: str) -> str:
    if linking_user_id:
        return f"{paths.PROFILE}?{urlencode({'error': failure.code})}"
    return _login_page(error=failure.code, next=next_url)


def _login_page(**values: str) -> str:
    return f"{paths.LOGIN}?{urlencode({name: value for name, value in values.items() if value})}"
