"""What is written down to be sent: sealed, limited, and worded in the recipient's language."""

import re
from html.parser import HTMLParser

import pytest
import sqlalchemy as sa
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from sqlmodel import select

from funmagic.accounts import service
from funmagic.accounts.errors import LinkExpired
from funmagic.core.db import reading, transaction
from funmagic.core.telemetry.counters import hand_over, read_shared
from funmagic.i18n import translate
from funmagic.i18n.translate import use_locale
from funmagic.mail.letters import LETTERS
from funmagic.mail.render import render_mail
from funmagic.mail.service import MailKind, send_mail
from funmagic.models.base import db_time
from funmagic.models.mails import OutgoingMail
from tests.factories import run_together
from tests.mailbox import link_in

pytestmark = pytest.mark.both_databases

LINK = "https://magic.example/go?token=the-secret-link&next=1"
VALUES = {
    "link": LINK,
    "name": "Alice",
    "old_email": "old@example.com",
    "new_email": "new@example.com",
    "at": "2026-11-22T10:50:00+00:00",
    "provider": "Google",
    "package": "Creator",
    "price": "$24.99",
    "date": "Nov 22, 2026",
    "credits": "330",
    "number": "0192-1",
}


def write_down(to="alice@example.com", **values):
    with transaction() as session:
        send_mail(session, MailKind.MAGIC_LINK, to, **{"link": LINK, **values})


def rows():
    with reading() as session:
        return session.exec(select(OutgoingMail).order_by(OutgoingMail.id)).all()


def request_link(email="alice@example.com"):
    with transaction() as session:
        service.request_magic_link(session, email, "/tools")


@pytest.fixture
def italian(tmp_path, monkeypatch):
    """A language of ours with two texts in it."""
    catalogue = Catalog(locale="it")
    catalogue.add("Your sign-in link for FunMagic", "Il tuo link per FunMagic")
    catalogue.add("Hello,", "Ciao,")
    folder = tmp_path / "it" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "funmagic.mo").open("wb") as file:
        write_mo(file, catalogue)
    monkeypatch.setattr(translate, "CATALOGUES", tmp_path)
    translate._catalogue.cache_clear()
    yield "it"
    translate._catalogue.cache_clear()


def test_a_magic_link_arrives_in_the_development_mailbox(client, mailbox):
    assert client.post("/api/auth/magic-link", json={"email": "new@example.com", "next": "/tools"}).status_code == 202
    message = mailbox.newest("new@example.com")
    assert message["subject"] == "Your sign-in link for FunMagic"
    assert link_in(message).startswith("http://localhost:3999/api/auth/magic-link/verify?token=")


def test_what_a_mail_says_is_sealed_until_it_has_left(db, redis):
    write_down(name="Alice")
    [row] = rows()
    assert row.sealed.startswith("v1:")
    assert "the-secret-link" not in str(row.model_dump())


def test_an_address_gets_three_mails_in_ten_minutes_and_nobody_is_told_of_more(db, redis, mailbox):
    for _ in range(5):
        write_down()
    write_down("bob@example.com")
    assert [row.recipient for row in rows()] == ["alice@example.com"] * 3 + ["bob@example.com"]
    assert len(mailbox.messages("alice@example.com")) == 3  # what has been sent counts as well
    write_down()
    assert len(rows()) == 4
    with transaction() as session:
        session.execute(sa.update(OutgoingMail).values(created_at=db_time(-601)))
    write_down()
    assert len(rows()) == 5


def test_of_many_mails_at_the_same_moment_three_are_sent(db, redis):
    assert run_together(12, write_down) == [None] * 12
    assert len(rows()) == 3


def dropped():
    hand_over()
    return read_shared().get(("funmagic_mails", "magic-link", "dropped"), 0)


def test_what_is_dropped_is_counted(db, redis):
    before = dropped()
    for _ in range(4):
        write_down()
    assert dropped() == before + 1


def test_asking_more_often_than_mails_leave_keeps_the_last_link_good(db, redis, mailbox):
    for _ in range(3):
        request_link()
    token = link_in(mailbox.newest()).partition("token=")[2]
    for _ in range(3):
        request_link()
    with transaction() as session:
        assert service.enter_by_magic_link(session, token).viewer.email == "alice@example.com"


def test_the_last_password_link_stays_good_as_well(alice, redis, mailbox):
    for _ in range(3):
        with transaction() as session:
            service.request_password_reset(session, alice.email)
    token = link_in(mailbox.newest()).partition("token=")[2]
    with transaction() as session:
        service.request_password_reset(session, alice.email)
    assert service.reset_password(token, "another horse battery").id == alice.id
    with pytest.raises(LinkExpired):
        service.reset_password(token, "another horse battery")


def test_every_kind_of_mail_has_its_words():
    assert set(LETTERS) == set(MailKind)


class Reader(HTMLParser):
    """Where the links of a mail lead, and whatever would be fetched or run."""

    def __init__(self, html):
        super().__init__()
        self.links, self.fetched = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        if tag in ("img", "script", "link", "iframe") or "src" in dict(attrs):
            self.fetched.append(tag)


# There is nothing on the site that their readers could do.
WITHOUT_BUTTON = {MailKind.EMAIL_LEFT}


@pytest.mark.parametrize("kind", [kind for kind in MailKind if kind not in WITHOUT_BUTTON])
def test_every_mail_is_text_and_html_with_one_button_and_fetches_nothing(kind):
    mail = render_mail(kind, "en", VALUES)
    assert 10 < len(mail.subject) < 60
    assert "\n" not in mail.subject
    assert mail.text.count(LINK) == 1
    assert not re.search(r"[{}<]|None", mail.text)
    reader = Reader(mail.html)
    assert set(reader.links) == {LINK, "http://localhost:3999"}
    assert mail.html.count('class="button"') == 1
    assert reader.fetched == []
    assert "prefers-color-scheme: dark" in mail.html


@pytest.mark.parametrize("kind", WITHOUT_BUTTON)
def test_a_mail_without_a_button_leads_nowhere_but_to_us(kind):
    mail = render_mail(kind, "en", VALUES)
    assert not re.search(r"[{}<]|None|\n\n\n|copy this address", mail.text + mail.subject)
    assert set(Reader(mail.html).links) == {"http://localhost:3999"}
    assert "Or copy" not in mail.html


def test_what_people_typed_cannot_become_markup_or_a_link():
    for name in ("<b>Al</b>", "see evil.example now", "http://evil", "x" * 61, "two\nlines"):
        mail = render_mail(MailKind.RESET_PASSWORD, "en", {"link": LINK, "name": name})
        assert mail.text.startswith("Hello,\n")
        assert name not in mail.html
    mail = render_mail(MailKind.RESET_PASSWORD, "en", {"link": LINK, "name": "J. R. O'Neil & Co"})
    assert mail.text.startswith("Hello J. R. O'Neil & Co,")
    assert "Hello J. R. O&#39;Neil &amp; Co," in mail.html


def test_a_mail_speaks_the_language_that_was_in_force_when_it_was_asked_for(db, redis, mailbox, italian):
    with use_locale(italian):
        write_down()
    message = mailbox.newest()
    assert message["subject"] == "Il tuo link per FunMagic"
    assert message["text"].startswith("Ciao,")
    assert '<html lang="it">' in message["html"]
    assert "Il tuo link" in message["html"]


def test_a_mail_to_a_user_speaks_their_language_whoever_asked(db, redis, mailbox, italian):
    with transaction() as session:
        send_mail(session, MailKind.RESET_PASSWORD, "alice@example.com", locale=italian, link=LINK)
    assert mailbox.newest()["text"].startswith("Ciao,")
