"""A provider that follows a script, and the ways in which a worker dies or a queue delivers."""

from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from funmagic.core.settings import get_settings
from tests.mail_server import MailServer, running_mail_server
from tests.worker.engine import (
    ScriptedProvider,
    install,
)
from worker.mail import smtp


@pytest.fixture
def provider(db: None, redis: None, monkeypatch: pytest.MonkeyPatch) -> ScriptedProvider:
    """The provider that Background Remove uses in this test; Redis is there and empty."""
    return install(ScriptedProvider(), monkeypatch)


@pytest.fixture
def use_mail_server(db: None, redis: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has mail handed in at an address."""
    monkeypatch.setattr(smtp, "patience", smtp.Patience())
    return lambda url: monkeypatch.setattr(get_settings(), "smtp_url", SecretStr(url))


@pytest.fixture
def mail_server(use_mail_server: Callable[[str], None]) -> Iterator[MailServer]:
    """A real mail server that takes what it is given."""
    with running_mail_server() as server:
        use_mail_server(server.url)
        yield server
