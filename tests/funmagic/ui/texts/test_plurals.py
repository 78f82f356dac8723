"""A number that only the browser knows finds the text that goes with it there."""

from pathlib import Path

import pytest
import reflex as rx
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from funmagic.i18n import translate
from funmagic.i18n.translate import use_locale
from funmagic.ui.texts.plurals import counted
from tests.javascript import evaluate

RUNS = ("{number} run", "{number} runs")
# Polish has three of them, and Japanese has one.
TEXTS = {"pl": ("{number} bieg", "{number} biegi", "{number} biegów"), "ja": ("{number}回",)}


@pytest.fixture
def catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for locale, texts in TEXTS.items():
        catalogue = Catalog(locale=locale)
        catalogue.add(RUNS, texts)
        folder = tmp_path / locale / "LC_MESSAGES"
        folder.mkdir(parents=True)
        with (folder / "funmagic.mo").open("wb") as file:
            write_mo(file, catalogue)
    monkeypatch.setattr(translate, "CATALOGUES", tmp_path)
    translate._catalogue.cache_clear()
    yield
    translate._catalogue.cache_clear()


@pytest.mark.usefixtures("catalogues")
@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", ["0 runs", "1 run", "2 runs", "5 runs", "22 runs"]),
        ("pl", ["0 biegów", "1 bieg", "2 biegi", "5 biegów", "22 biegi"]),
        ("ja", ["0回", "1回", "2回", "5回", "22回"]),
    ],
)
def test_a_number_finds_its_text_in_every_language(locale: str, said: list[str]) -> None:
    with use_locale(locale):
        assert evaluate([counted(*RUNS, rx.Var.create(number)) for number in (0, 1, 2, 5, 22)]) == said


def test_other_values_stand_in_it_too() -> None:
    said = counted("{number} credit; {what} costs {price}.", "", rx.Var.create(1), what="a run", price=rx.Var.create(5))
    assert evaluate(said) == "1 credit; a run costs 5."
