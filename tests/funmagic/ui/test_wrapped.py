"""The React pieces: what they say comes from the page, in its language."""

import re

import pytest

from tests.servers import PROJECT

WRAPPED = PROJECT / "funmagic/ui/wrapped"
WORDS = re.compile(
    r""">[^<>{}=;()]*[A-Za-z]{2}[^<>{}=;()]*</(?!kbd)"""  # between tags
    r"""|\b(?:alt|title|label|placeholder|aria-[a-z]+)="(?!true|false|polite|assertive)[^"]*[A-Za-z]{2}"""
)


def test_the_pattern_finds_words_and_no_code() -> None:
    assert WORDS.search("<p>Try again</p>")
    assert WORDS.search('<img alt="Your photo" />')
    assert not WORDS.search('<p aria-hidden="true">{texts.retry}</p>')


@pytest.mark.parametrize("path", sorted(WRAPPED.rglob("*.jsx")), ids=lambda path: path.name)
def test_a_piece_says_nothing_by_itself(path) -> None:
    assert WORDS.findall(path.read_text()) == []
