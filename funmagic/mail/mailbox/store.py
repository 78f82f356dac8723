"""The development mailbox: where mails go on a machine without a mail server; files, so that they survive restarts."""

import secrets
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from funmagic.core.json import Shape
from funmagic.core.settings import get_settings
from funmagic.models.base import utcnow

KEPT = 200


class StoredMail(Shape):
    """One mail as the mailbox shows it."""

    to: str
    subject: str
    text: str
    html: str
    sent_at: str


def store_mail(mail_id: str, *, to: str, subject: str, text: str, html: str) -> None:
    """Put a mail into the mailbox, once however often it is delivered; only the newest are kept."""
    mail = StoredMail(to=to, subject=subject, text=text, html=html, sent_at=utcnow().isoformat())
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f"{mail_id}.{secrets.token_hex(4)}"
    draft.touch(mode=0o600)
    draft.write_text(mail.model_dump_json(by_alias=True))
    draft.rename(_path(mail_id))
    for path in sorted(folder.glob("*.json"), reverse=True)[KEPT:]:
        path.unlink(missing_ok=True)


def list_mails() -> list[tuple[str, StoredMail]]:
    """Every mail with its id, newest first."""
    return sorted(_read_all(), key=lambda pair: (pair[1].sent_at, pair[0]), reverse=True)


def clear_mails() -> None:
    """Empty the mailbox."""
    for path in _folder().glob("*"):
        path.unlink(missing_ok=True)


def _read_all() -> Iterator[tuple[str, StoredMail]]:
    for path in _folder().glob("*.json"):
        try:
            yield path.stem, StoredMail.model_validate_json(path.read_bytes())
        except (FileNotFoundError, ValidationError):  # another process dropped it, or the disk was full
            continue


def _path(mail_id: str) -> Path:
    return _folder() / f"{mail_id}.json"


def _folder() -> Path:
    return get_settings().data_dir / "mailbox"
