"""docs/providers.md says all there is to say of providers, and the commands in it work."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from typer.testing import CliRunner

from funmagic.cli import app
from funmagic.core.settings import get_settings
from funmagic.models.tasks import FailureCode
from funmagic.providers.config import ProviderConfig, RateLimit
from funmagic.providers.registry import PROVIDER_TYPES
from funmagic.tasks.failures import SENTENCES
from tests.recipes.document import commands, read_blocks
from tests.servers import PROJECT
from worker.providers.base import ProviderError

TEXT = (PROJECT / "docs" / "providers.md").read_text()
OFFERS = {(kind.name, name): offer for kind in PROVIDER_TYPES.values() for name, offer in kind.offers.items()}
# What a provider cannot cause.
OURS = {FailureCode.CANCELLED, FailureCode.WORKER_LOST, FailureCode.INTERNAL}


def words_of(annotation: Any) -> Iterator[str]:
    """The texts among which an annotation lets one choose."""
    for part in get_args(annotation):
        yield from [part] if isinstance(part, str) else words_of(part)


def errors_below(kind: type) -> Iterator[type]:
    for below in kind.__subclasses__():
        yield below
        yield from errors_below(below)


@pytest.mark.parametrize("kind", PROVIDER_TYPES.values(), ids=lambda kind: kind.name)
def test_every_provider_has_its_address_and_what_it_does(kind) -> None:
    assert f"`{kind.name}`" in TEXT
    assert kind.base_url is None or f"`{kind.base_url}`" in TEXT
    assert [name for name in kind.credentials if f"`{name}`" not in TEXT] == []


@pytest.mark.parametrize("offer", OFFERS.values(), ids=map(" ".join, OFFERS))
def test_every_model_and_option_and_its_values_are_there(offer) -> None:
    fields = offer.options.model_fields
    values = [value for field in fields.values() for value in words_of(field.annotation)]
    named = [*fields, *values, *([offer.model] if offer.model else [])]
    assert [name for name in named if f"`{name}`" not in TEXT] == []


def test_every_setting_of_a_provider_is_there() -> None:
    fields = [*ProviderConfig.model_fields.values(), *RateLimit.model_fields.values()]
    assert [field.alias for field in fields if f"{field.alias}`" not in TEXT and field.alias != "rateLimit"] == []


def test_every_typed_error_and_what_people_read_is_there() -> None:
    typed = {error.__name__ for error in errors_below(ProviderError) if error.__module__ == ProviderError.__module__}
    assert [name for name in sorted(typed) if f"`{name}`" not in TEXT] == []
    assert [text for code, text in SENTENCES.items() if code not in OURS and text not in TEXT] == []


def test_the_commands_in_it_work(db: None, redis: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", "127.0.0.1")
    told = list(commands(read_blocks(TEXT)))
    assert len(told) > 10
    for words in told:
        done = CliRunner().invoke(app, words, input="tsk_any")
        assert done.exit_code == 0, (words, done.output)
