"""What translators get to see is all that people get to read: in a language that marks its words, none is unmarked."""

import gettext
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import reflex as rx
from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from funmagic.api.sign_in.magic_link import enter_page, expired_page
from funmagic.catalogue.registry import TOOL_KINDS
from funmagic.core.errors import FunMagicError
from funmagic.funmagic import DESCRIPTION, EVERY_PAGE
from funmagic.i18n import translate
from funmagic.i18n.translate import Plural, _, n_, use_locale
from funmagic.mail.letters import LETTERS
from funmagic.mail.mailbox.render import render_mailbox
from funmagic.mail.mailbox.store import StoredMail
from funmagic.mail.render import render_mail
from funmagic.tasks.failures import SENTENCES
from funmagic.ui.page import Page
from funmagic.ui.texts import languages
from tests.conftest import PROJECT
from tests.funmagic.i18n.seen import CLOSE, OPEN, leftovers, untranslated
from tests.javascript import evaluate

MARKING = "eo"
VALUES = {
    "at": "2026-01-02T03:04:05+00:00",
    **dict.fromkeys(("link", "name", "old_email", "new_email", "dropped_email", "provider"), "1"),
    **dict.fromkeys(("package", "price", "date", "credits", "number"), "2"),
}
# What is called the same in every language.
NAMES = {"FunMagic"}
TAGS = re.compile(r"<(script|style).*?</\1>|<[^>]*>", re.DOTALL)


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    template = tmp_path_factory.mktemp("extracted") / "funmagic.pot"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PROJECT)
        CommandLineInterface().run(["pybabel", "-q", "extract", "-F", "pyproject.toml", "-o", str(template), "."])
    with template.open("rb") as file:
        return read_po(file, locale=MARKING)


@pytest.fixture
def _marking(extracted: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A language whose catalogue has all that was extracted, and puts marks around it."""
    catalogue = Catalog(locale=MARKING)
    for message in extracted:
        if message.id:
            catalogue.add(message.id, _marked(message))
    folder = tmp_path / MARKING / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "funmagic.mo").open("wb") as file:
        write_mo(file, catalogue)
    monkeypatch.setattr(translate, "CATALOGUES", tmp_path)
    translate._catalogue.cache_clear()
    with use_locale(MARKING):
        yield
    translate._catalogue.cache_clear()


def _marked(message: Message) -> str | tuple[str, ...]:
    ids = message.id if isinstance(message.id, tuple) else (message.id,)
    marked = tuple(f"{OPEN}{text}{CLOSE}" for text in ids)
    return marked if message.pluralizable else marked[0]


pytestmark = pytest.mark.usefixtures("_marking")


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.route)
def test_every_word_on_a_page_is_translated(page: Page) -> None:
    assert untranslated(page.builder().render()) <= NAMES


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.route)
def test_a_page_is_called_in_the_language_of_its_reader(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "LOCALES", ("en", MARKING))
    words = [page.title, DESCRIPTION]
    assert _called(page, MARKING) == [f"{OPEN}{text}{CLOSE}" for text in words]
    # Before it is known who reads, and for who wants a language that we lack.
    assert [_called(page, locale) for locale in ("", "xx")] == [words, words]


def test_where_there_is_one_language_a_page_is_called_the_same_for_all() -> None:
    [page] = [page for page in EVERY_PAGE if page.route == "/tools"]
    assert _told(page, "en")["title"] == "Tools · FunMagic"


def _called(page: Page, locale: str) -> Any:
    told = _told(page, locale)
    return evaluate([told["title"], told["description"]])


def _told(page: Page, locale: str) -> dict[str, Any]:
    """What Reflex is told of a page."""
    told: dict[str, Any] = {}
    app: Any = SimpleNamespace(add_page=lambda _builder, **facts: told.update(facts))
    page.add_to(app, first=None, description=DESCRIPTION, locale=rx.Var.create(locale))
    return told


def test_every_error_says_its_sentence_in_the_readers_language() -> None:
    # Their details are of many kinds; the texts are what is translated.
    assert [text for error in _errors(FunMagicError) for text in leftovers(_said(error.text))] == []


def _said(text: str | Plural) -> str:
    return _(text, **{text.by: 2}) if isinstance(text, Plural) else _(text)


def _errors(error: type[FunMagicError]) -> Iterator[type[FunMagicError]]:
    yield error
    for special in error.__subclasses__():
        yield from _errors(special)


@pytest.mark.parametrize("kind", list(LETTERS))
def test_every_word_of_a_mail_is_translated(kind: str) -> None:
    mail = render_mail(kind, MARKING, VALUES)
    assert leftovers(mail.subject) == []
    assert set(leftovers(mail.text)) <= {"http://localhost:3999"}


@pytest.mark.parametrize(
    "html",
    [
        lambda: bytes(enter_page("1", "2").body).decode(),
        lambda: bytes(expired_page("").body).decode(),
        lambda: render_mailbox([]).html,
        lambda: render_mailbox([("1", StoredMail(to="1", subject="2", text="3", html="4", sent_at="5"))]).html,
    ],
    ids=["magic link", "expired link", "empty mailbox", "mailbox"],
)
def test_every_word_on_a_page_without_reflex_is_translated(html: Callable[[], str]) -> None:
    assert set(leftovers(TAGS.sub("\n", html()))) <= NAMES


def test_what_tools_and_failures_are_called_is_translated() -> None:
    listings = [kind.listing for kind in TOOL_KINDS.values() if kind.listing]
    steps = [step for kind in TOOL_KINDS.values() for step in kind.steps]
    texts = [
        *SENTENCES.values(),
        *(text for listing in listings for text in (listing.title, listing.description, *listing.features)),
        *(style["title"] for listing in listings for style in listing.config.get("styles", [])),
        *(text for step in steps for text in (step.title, *(field.label for field in step.inputs))),
    ]
    assert [text for text in texts if leftovers(_(text))] == []


def test_a_number_finds_the_text_that_goes_with_it() -> None:
    assert isinstance(translate._catalogue(MARKING), gettext.GNUTranslations)
    assert [n_("{number} credit", "{number} credits", number) for number in (1, 2)] == ["⟦1 credit⟧", "⟦2 credits⟧"]


def test_no_text_is_no_text() -> None:
    assert _("") == ""
