"""`/api/auth/*`: signing up, in and out, links that were mailed, and who is signed in."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Query, Request, Response, status
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field, ValidationError

from funmagic import paths
from funmagic.accounts import service
from funmagic.accounts.errors import LinkExpired
from funmagic.api.sign_in.magic_link import enter_page, expired_page
from funmagic.core.db import reading, transaction
from funmagic.core.json import RequestShape, Shape
from funmagic.core.links import own_path
from funmagic.http.callers import OptionalViewer, RequiredViewer, SessionToken, sign_in_browser, sign_out_browser
from funmagic.http.fields import Email, GivenPassword, NewPassword, PersonName
from funmagic.http.rates import limit_email
from funmagic.models.base import new_id
from funmagic.models.users import Role
from funmagic.sessions.viewer import Viewer

router = APIRouter(tags=["auth"])

FORM = "application/x-www-form-urlencoded"


class UserView(Shape):
    """The signed-in user, as they may see themselves."""

    id: str
    email: str
    name: str
    role: str
    is_verified: bool


class UserAnswer(Shape):
    """A user."""

    user: UserView


class SessionAnswer(Shape):
    """The user of this browser's session, or null."""

    user: UserView | None


class SignUpRequest(RequestShape):
    """What a new user gives."""

    email: Email
    password: NewPassword
    name: PersonName
    # A secret that the browser keeps, and shows again when the mailed link is opened in it.
    browser_key: str = Field(default="", max_length=100)


class MagicLinkRequest(RequestShape):
    """Whom to mail a link, and where it leads."""

    email: Email
    next: str = Field(default="", max_length=2000)


class EnterRequest(RequestShape):
    """What the mailed link carries."""

    token: str = Field(max_length=200)


class ForgotPasswordRequest(RequestShape):
    """Whose password is forgotten."""

    email: Email


class VerifyEmailRequest(RequestShape):
    """What the mailed link carries; and the key of the browser, if it is the one that signed up."""

    token: str = Field(max_length=200)
    browser_key: str = Field(default="", max_length=100)


class ResetPasswordRequest(RequestShape):
    """What the mailed link carries, and the new password."""

    token: str = Field(max_length=200)
    password: NewPassword


class SignInRequest(RequestShape):
    """What a returning user gives."""

    email: str = Field(max_length=320)
    password: GivenPassword


@router.post(paths.API_SIGN_UP, status_code=status.HTTP_201_CREATED)
def sign_up(body: SignUpRequest, request: Request, response: Response, token: SessionToken = None) -> UserAnswer:
    """Make an account and sign this browser in; where emails must be proved first, only the mail says what happened."""
    limit_email(request.scope, body.email)
    viewer = service.sign_up(body.email, body.password, body.name, browser_key=body.browser_key)
    if viewer is None:
        return _answer(Viewer(id=new_id(), email=body.email, name=body.name, role=Role.USER))
    sign_in_browser(request, response, viewer, token)
    return _answer(viewer)


@router.post(paths.API_SIGN_IN)
def sign_in(body: SignInRequest, request: Request, response: Response, token: SessionToken = None) -> UserAnswer:
    """Sign this browser in."""
    limit_email(request.scope, body.email)
    known = service.sign_in(body.email, body.password)
    sign_in_browser(request, response, known.viewer, token, password_hash=known.password_hash)
    return _answer(known.viewer)


@router.post(paths.API_MAGIC_LINK, status_code=status.HTTP_202_ACCEPTED, response_class=Response)
def request_magic_link(body: MagicLinkRequest, request: Request) -> Response:
    """Mail a link that signs in, whether or not there is an account yet."""
    limit_email(request.scope, body.email)
    with transaction() as session:
        service.request_magic_link(session, body.email, own_path(body.next))
    return Response(status_code=status.HTTP_202_ACCEPTED)


_ENTER_CONTENT = {kind: {"schema": EnterRequest.model_json_schema()} for kind in ("application/json", FORM)}


@router.get(paths.API_MAGIC_LINK_VERIFY, response_class=HTMLResponse)
def show_magic_link(token: Annotated[str, Query(max_length=200)] = "") -> HTMLResponse:
    """The page with the button that signs in; looking at it uses nothing up."""
    with reading() as session:
        try:
            return enter_page(service.peek_magic_link(session, token), token)
        except LinkExpired:
            return expired_page(service.find_old_destination(session, token))


async def _posted_link(request: Request) -> EnterRequest:
    """What a form or a JSON client sent."""
    body = await request.body()
    try:
        if _is_form(request):
            return EnterRequest.model_validate(dict(parse_qsl(body.decode(errors="replace"))))
        return EnterRequest.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError(
            [{**problem, "loc": ("body", *problem["loc"])} for problem in error.errors()]
        ) from None


@router.post(
    paths.API_MAGIC_LINK_VERIFY,
    status_code=status.HTTP_303_SEE_OTHER,
    response_class=RedirectResponse,
    openapi_extra={"requestBody": {"required": True, "content": _ENTER_CONTENT}},
)
def enter_by_magic_link(
    body: Annotated[EnterRequest, Depends(_posted_link)], request: Request, token: SessionToken = None
) -> Response:
    """Use the link up: sign this browser in, and go where the person was going."""
    try:
        with transaction() as session:
            entrance = service.enter_by_magic_link(session, body.token)
    except LinkExpired:
        if not _is_form(request):
            raise
        with reading() as session:
            return expired_page(service.find_old_destination(session, body.token))
    response = RedirectResponse(entrance.next_url, status.HTTP_303_SEE_OTHER, headers={"Cache-Control": "no-store"})
    sign_in_browser(request, response, entrance.viewer, token)
    return response


@router.post(paths.API_VERIFY_EMAIL)
def verify_email(
    body: VerifyEmailRequest, request: Request, response: Response, viewer: OptionalViewer, token: SessionToken = None
) -> UserAnswer:
    """Prove an email by its link; whoever can do that is signed in."""
    with transaction() as session:
        proven = service.verify_email(session, body.token, viewer=viewer, browser_key=body.browser_key)
    if viewer is None or viewer.id != proven.id:
        sign_in_browser(request, response, proven, token)
    return _answer(proven)


@router.post(paths.API_RESEND_VERIFICATION, status_code=status.HTTP_202_ACCEPTED, response_class=Response)
def resend_verification(viewer: RequiredViewer, request: Request) -> Response:
    """Mail the link that proves the viewer's email again."""
    limit_email(request.scope, viewer.email)
    with transaction() as session:
        service.resend_verification(session, viewer)
    return Response(status_code=status.HTTP_202_ACCEPTED)


@router.post(paths.API_FORGOT_PASSWORD, status_code=status.HTTP_202_ACCEPTED, response_class=Response)
def forgot_password(body: ForgotPasswordRequest, request: Request) -> Response:
    """Mail a link to a new password, if there is an account."""
    limit_email(request.scope, body.email)
    with transaction() as session:
        service.request_password_reset(session, body.email)
    return Response(status_code=status.HTTP_202_ACCEPTED)


@router.post(paths.API_RESET_PASSWORD)
def reset_password(
    body: ResetPasswordRequest, request: Request, response: Response, token: SessionToken = None
) -> UserAnswer:
    """Set a new password by a mailed link; all sessions end, and this browser gets a new one."""
    viewer = service.reset_password(body.token, body.password)
    sign_in_browser(request, response, viewer, token)
    return _answer(viewer)


@router.post(paths.API_SIGN_OUT, status_code=status.HTTP_204_NO_CONTENT)
def sign_out(response: Response, token: SessionToken = None) -> None:
    """Sign this browser out; without a session this is fine too."""
    sign_out_browser(response, token)


@router.get(paths.API_SESSION)
async def get_session(viewer: OptionalViewer) -> SessionAnswer:
    """Who is signed in."""
    return SessionAnswer(user=UserView.model_validate(viewer) if viewer else None)


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").split(";")[0].strip().lower() == FORM


def _answer(viewer: Viewer) -> UserAnswer:
    return UserAnswer(user=UserView.model_validate(viewer))
