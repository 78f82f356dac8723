"""`/api/auth/*`: signing up, in and out, and who is signed in."""

from typing import Annotated

from fastapi import APIRouter, Request, Response, status
from pydantic import AfterValidator, Field, StringConstraints

from funmagic import paths
from funmagic.accounts import service
from funmagic.accounts.http import OptionalViewer, SessionToken, sign_in_browser, sign_out_browser
from funmagic.accounts.viewer import Viewer
from funmagic.json_api import RequestShape, Shape

router = APIRouter(tags=["auth"])

MIN_PASSWORD = 8
# Long enough for any pass phrase, short enough that hashing cannot be made a denial of service.
MAX_PASSWORD = 200


class UserView(Shape):
    """The signed-in user, as they may see themselves."""

    id: str
    email: str
    name: str
    role: str


class UserAnswer(Shape):
    """A user."""

    user: UserView


class SessionAnswer(Shape):
    """The user of this browser's session, or null."""

    user: UserView | None


Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=320, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]+$"),
    AfterValidator(service.fold_email),
]


class SignUpRequest(RequestShape):
    """What a new user gives."""

    email: Email
    password: str = Field(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class SignInRequest(RequestShape):
    """What a returning user gives."""

    email: str = Field(max_length=320)
    password: str = Field(max_length=MAX_PASSWORD)


@router.post(paths.API_SIGN_UP, status_code=status.HTTP_201_CREATED)
def sign_up(body: SignUpRequest, request: Request, response: Response, token: SessionToken = None) -> UserAnswer:
    """Make an account with its welcome credits, and sign this browser in."""
    viewer = service.sign_up(body.email, body.password, body.name)
    sign_in_browser(request, response, viewer, token)
    return _answer(viewer)


@router.post(paths.API_SIGN_IN)
def sign_in(body: SignInRequest, request: Request, response: Response, token: SessionToken = None) -> UserAnswer:
    """Sign this browser in."""
    viewer = service.sign_in(body.email, body.password)
    sign_in_browser(request, response, viewer, token)
    return _answer(viewer)


@router.post(paths.API_SIGN_OUT, status_code=status.HTTP_204_NO_CONTENT)
def sign_out(response: Response, token: SessionToken = None) -> None:
    """Sign this browser out; without a session this is fine too."""
    sign_out_browser(response, token)


@router.get("/api/auth/session")
async def get_session(viewer: OptionalViewer) -> SessionAnswer:
    """Who is signed in."""
    return SessionAnswer(user=UserView.model_validate(viewer) if viewer else None)


def _answer(viewer: Viewer) -> UserAnswer:
    return UserAnswer(user=UserView.model_validate(viewer))
