"""What the development mailbox looks like: mails on the left, the one that is open on the right; no Reflex in it."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from funmagic import paths
from funmagic.core.settings import get_settings
from funmagic.i18n.translate import _, current_locale
from funmagic.mail.mailbox.store import StoredMail

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
# A mail's links open in place of the page, not inside the frame that shows it.
LEAVE_FRAME = '<base target="_top">'


@dataclass(frozen=True)
class MailboxPage:
    """A page and the headers it goes with."""

    html: str
    headers: dict[str, str]


def render_mailbox(mails: list[tuple[str, StoredMail]], mail_id: str = "") -> MailboxPage:
    """The page with one mail open: the one asked for, else the newest."""
    opened = next((mail for id_, mail in mails if id_ == mail_id), None)
    shown_id, shown = (mail_id, opened) if opened else mails[0] if mails else ("", None)
    nonce = secrets.token_urlsafe(16)
    html = TEMPLATES.get_template("mailbox.html").render(
        _=_,
        locale=current_locale(),
        paths=paths,
        mails=mails,
        shown_id=shown_id,
        shown=shown,
        is_opened=opened is not None,
        leave_frame=LEAVE_FRAME,
        nonce=nonce,
        has_server=get_settings().mail_server is not None,
    )
    return MailboxPage(html, _headers(nonce))


def _headers(nonce: str) -> dict[str, str]:
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
    }
