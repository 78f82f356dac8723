"""What every page shows of its viewer besides their name: their picture, the look they chose, their language."""

from dataclasses import dataclass

from sqlmodel import Session

from funmagic.accounts.users import load_user
from funmagic.profile.avatars import find_avatar_url
from funmagic.profile.preferences import DEFAULT_ACCENT, DEFAULT_THEME
from funmagic.sessions.viewer import Viewer


@dataclass(frozen=True)
class Look:
    """A picture's address, empty without one; theme and accent, empty where nothing was ever chosen."""

    avatar_url: str
    theme: str
    accent: str
    locale: str


def get_look(session: Session, viewer: Viewer) -> Look:
    """How the viewer likes their pages; raises SignInRequired."""
    user = load_user(session, viewer)
    avatar_url = find_avatar_url(session, user)
    if user.theme == DEFAULT_THEME and user.accent is None:
        return Look(avatar_url, theme="", accent="", locale=user.locale)
    return Look(avatar_url, theme=user.theme, accent=user.accent or DEFAULT_ACCENT, locale=user.locale)
