"""`/api/profile/*` and `/api/auth/sessions`: what people do to their own account."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response, status
from pydantic import Field

from funmagic import paths
from funmagic.accounts import email_change
from funmagic.core.db import reading, transaction
from funmagic.core.json import RequestShape, Shape
from funmagic.http.callers import OptionalViewer, RequiredViewer, SessionToken, sign_out_browser
from funmagic.http.fields import Email, GivenPassword, NewPassword, PersonName
from funmagic.http.rates import limit_email
from funmagic.profile import avatars, deletion, service, sessions
from funmagic.profile.export import export_data
from funmagic.sessions.viewer import Viewer

router = APIRouter(tags=["profile"])


class Profile(Shape):
    """The viewer as they see themselves."""

    name: str
    email: str
    pending_email: str
    is_verified: bool
    avatar_url: str
    has_password: bool
    theme: str
    accent: str
    locale: str
    created_at: datetime


class ProfileAnswer(Shape):
    """The viewer's profile."""

    profile: Profile


class SignedInBrowser(Shape):
    """A browser in which the viewer is signed in."""

    id: str
    device: str
    ip: str
    created_at: datetime
    last_seen_at: datetime
    is_current: bool


class SessionsAnswer(Shape):
    """All browsers in which the viewer is signed in."""

    sessions: list[SignedInBrowser]


class EmailChangeAnswer(Shape):
    """An email that changes, or has changed: nobody is waited for then."""

    old_email: str
    new_email: str
    waits_for: str
    is_done: bool


class Export(Shape):
    """Everything that is kept of the viewer."""

    exported_at: datetime
    profile: dict[str, Any]
    ways_in: list[dict[str, Any]]
    sessions: list[dict[str, Any]]
    credits: dict[str, Any]
    transactions: list[dict[str, Any]]
    payments: list[dict[str, Any]]
    tasks: list[dict[str, Any]]
    assets: list[dict[str, Any]]


class ChangeRequest(RequestShape):
    """What the viewer changes of their profile; what is left out stays."""

    name: PersonName | None = None
    theme: str | None = None
    accent: str | None = None
    locale: str | None = None


class AvatarRequest(RequestShape):
    """An upload with the purpose `avatar`."""

    asset_id: str = Field(max_length=36)


class PasswordRequest(RequestShape):
    """The password that the viewer has, if they have one, and the one they want."""

    current: GivenPassword | None = None
    new: NewPassword


class EmailRequest(RequestShape):
    """The email that the viewer wants, and their password where the one they have was never confirmed."""

    email: Email
    password: GivenPassword | None = None


class TokenRequest(RequestShape):
    """What a mailed link carries."""

    token: str = Field(max_length=200)


class DeletionRequest(RequestShape):
    """The viewer's own email, typed to confirm."""

    confirmation: str = Field(max_length=320)


@router.get(paths.API_PROFILE)
def get_profile(viewer: RequiredViewer) -> ProfileAnswer:
    """The viewer's profile."""
    return _profile(viewer)


@router.patch(paths.API_PROFILE)
def change_profile(body: ChangeRequest, viewer: RequiredViewer) -> ProfileAnswer:
    """Change the viewer's name or preferences."""
    with transaction() as session:
        if body.name is not None:
            service.rename(session, viewer, body.name)
        service.set_preferences(session, viewer, theme=body.theme, accent=body.accent, locale=body.locale)
    return _profile(viewer)


@router.get(paths.API_PROFILE_EXPORT)
def export_profile(response: Response, viewer: RequiredViewer) -> Export:
    """Download everything that is kept of the viewer."""
    response.headers["Content-Disposition"] = 'attachment; filename="funmagic-data.json"'
    response.headers["Cache-Control"] = "no-store"
    with reading() as session:
        return Export.model_validate(export_data(session, viewer))


@router.delete(paths.API_PROFILE, status_code=status.HTTP_204_NO_CONTENT)
def delete_account(
    body: DeletionRequest, response: Response, viewer: RequiredViewer, token: SessionToken = None
) -> None:
    """Delete the viewer's account and everything personal in it."""
    deletion.delete_account(viewer, body.confirmation)
    sign_out_browser(response, token)


@router.put(paths.API_PROFILE_AVATAR)
def use_avatar(body: AvatarRequest, viewer: RequiredViewer) -> ProfileAnswer:
    """Make an upload the viewer's avatar."""
    avatars.use_avatar(viewer, body.asset_id)
    return _profile(viewer)


@router.delete(paths.API_PROFILE_AVATAR, status_code=status.HTTP_204_NO_CONTENT)
def remove_avatar(viewer: RequiredViewer) -> None:
    """Leave the viewer without an avatar."""
    with transaction() as session:
        avatars.remove_avatar(session, viewer)


@router.put(paths.API_PROFILE_PASSWORD, status_code=status.HTTP_204_NO_CONTENT)
def change_password(
    body: PasswordRequest, request: Request, viewer: RequiredViewer, token: SessionToken = None
) -> None:
    """Set or change the viewer's password; their other sessions end."""
    limit_email(request.scope, viewer.email)
    service.change_password(viewer, current=body.current, new=body.new, token=token)


@router.post(paths.API_PROFILE_EMAIL, status_code=status.HTTP_202_ACCEPTED, response_class=Response)
def request_email_change(
    body: EmailRequest, request: Request, viewer: RequiredViewer, token: SessionToken = None
) -> Response:
    """Mail a link to the viewer's email and to the one they want; it changes once both were used.

    With their password, an email that was never confirmed is not asked.
    """
    if body.password is not None:
        limit_email(request.scope, viewer.email)
    email_change.request_email_change(viewer, body.email, session_token=token, password=body.password)
    return Response(status_code=status.HTTP_202_ACCEPTED)


@router.post(paths.API_PROFILE_EMAIL_CONFIRM)
def confirm_email_change(body: TokenRequest, viewer: OptionalViewer, token: SessionToken = None) -> EmailChangeAnswer:
    """Agree to a change of email by a mailed link; the new address does so where its account is signed in."""
    change = email_change.confirm_email_change(body.token, viewer=viewer, session_token=token)
    return EmailChangeAnswer.model_validate(change)


@router.get(paths.API_SESSIONS)
def list_sessions(viewer: RequiredViewer, token: SessionToken = None) -> SessionsAnswer:
    """The browsers in which the viewer is signed in, this one first."""
    with reading() as session:
        found = sessions.list_sessions(session, viewer, token)
    return SessionsAnswer(sessions=[SignedInBrowser.model_validate(view) for view in found])


@router.delete(paths.API_SESSIONS + "/{session_id}", status_code=status.HTTP_204_NO_CONTENT)
def revoke_session(session_id: str, viewer: RequiredViewer) -> None:
    """Sign the viewer out in one browser."""
    with transaction() as session:
        sessions.revoke_session(session, viewer, session_id)


@router.delete(paths.API_SESSIONS, status_code=status.HTTP_204_NO_CONTENT)
def revoke_other_sessions(viewer: RequiredViewer, token: SessionToken = None) -> None:
    """Sign the viewer out everywhere but in this browser."""
    with transaction() as session:
        sessions.revoke_other_sessions(session, viewer, token)


def _profile(viewer: Viewer) -> ProfileAnswer:
    with reading() as session:
        return ProfileAnswer(profile=Profile.model_validate(service.get_profile(session, viewer)))
