"""A mail as it leaves: its letter as text and as HTML, in the recipient's language."""

from dataclasses import asdict, dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from funmagic.core.settings import get_settings
from funmagic.i18n.translate import _, current_locale, use_locale
from funmagic.mail.letters import Values, write_letter
from funmagic.mail.service import MailKind

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True)
class RenderedMail:
    """What the recipient sees."""

    subject: str
    text: str
    html: str


def render_mail(kind: MailKind, locale: str, values: Values) -> RenderedMail:
    """The mail's subject, text and HTML in a language."""
    with use_locale(locale):
        letter = write_letter(kind, values)
        words = {
            **asdict(letter),
            "locale": current_locale(),
            "site": get_settings().public_url,
            "fallback": _("Or copy this address into your browser:"),
            "signature": _("FunMagic – small wonders for your photos."),
        }
    text = TEMPLATES.get_template("letter.txt").render(words)
    html = TEMPLATES.get_template("letter.html").render(words)
    return RenderedMail(letter.subject, text, html)
