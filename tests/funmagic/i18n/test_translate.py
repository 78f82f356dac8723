import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funmagic.core.errors import FunMagicError
from funmagic.i18n.translate import LOCALES, NN_, Plural, _, n_, negotiate, use_locale
from funmagic.library.errors import FileTooLarge
from funmagic.oauth.errors import OAuthFailure
from funmagic.tasks.errors import TooManyTasks


def test_placeholders_are_filled_in() -> None:
    assert _("{credits} free credits", credits=100) == "100 free credits"


def test_text_without_values_may_hold_braces() -> None:
    assert _("a set is written {1, 2}") == "a set is written {1, 2}"


def test_a_value_is_never_read_as_a_placeholder() -> None:
    assert _("Hello {name}", name="{secret}") == "Hello {secret}"


def test_a_number_finds_its_text_whatever_is_read_in_its_place() -> None:
    said = [n_("{number} face", "{number} faces", faces, number=f"{faces:,}") for faces in (1, 1200)]
    assert said == ["1 face", "1,200 faces"]


def test_what_is_marked_for_a_number_is_said_for_the_number_that_is_met() -> None:
    text = NN_("{left} credit of {all}", "{left} credits of {all}", by="left")
    assert [_(text, left=left, all=9) for left in (1, 2)] == ["1 credit of 9", "2 credits of 9"]


@pytest.mark.parametrize("locale", ["en", "xx"])
def test_a_language_without_a_catalogue_speaks_english(locale: str) -> None:
    with use_locale(locale):
        assert _("Please sign in to continue.") == "Please sign in to continue."


@pytest.mark.parametrize(
    "header", ["", "*", "xx", "xx-YY,yy;q=0.5", "en", "en-GB,en;q=0.9", "de, en;q=0.1", ";;,,=", "-"]
)
def test_whoever_wants_a_language_we_lack_gets_english(header: str) -> None:
    assert negotiate(header) == "en"


@settings(deadline=None)  # the first call loads the languages
@given(st.text(max_size=50))
def test_any_accept_language_header_leads_to_a_language_of_ours(header: str) -> None:
    assert negotiate(header) in LOCALES


def test_errors_say_their_sentence_with_its_facts() -> None:
    assert FileTooLarge(limit_mb=20).message == "This file is too large. The limit is 20 MB."
    assert "already have 5 runs" in TooManyTasks(limit=5).message
    assert "already have 1 run in progress" in TooManyTasks(limit=1).message


def test_every_named_error_has_a_code_and_a_sentence_of_its_own() -> None:
    errors = FunMagicError.__subclasses__()
    assert len({error.code for error in errors}) == len(errors)
    for error in errors:
        # In an address they are written small.
        assert error.code.replace("_", "").isupper() or issubclass(error, OAuthFailure)
        texts = [error.text.singular, error.text.plural] if isinstance(error.text, Plural) else [error.text]
        assert all(text.endswith(".") for text in texts)
        assert 400 <= error.status < 600
