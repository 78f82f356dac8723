"""Logging set up as a process of its own would, and put back afterwards."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from funmagic.core.settings import get_settings
from funmagic.core.telemetry import redact
from funmagic.core.telemetry.logs import configure_logging


class Lines:
    """What was logged since the last look."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def text(self) -> str:
        return "".join(self._capsys.readouterr())

    def json(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def granians_logger() -> Iterator[None]:
    """As a process of its own finds it: an emulator in this one may have silenced it."""
    logger = logging.getLogger("_granian")
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.NOTSET)
    logger.propagate = True
    yield
    logger.setLevel(level)
    logger.propagate = propagate


@pytest.fixture
def logging_to(
    granians_logger: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., Lines]]:
    """Sets logging up with these settings, and returns what is logged from then on."""
    before, root = structlog.get_config(), logging.getLogger()
    level = root.level
    # Pytest's own handlers would keep every line whole, and be measured too.
    pytests = request.config.pluginmanager.get_plugin("logging-plugin")
    for handler in (pytests.caplog_handler, pytests.report_handler, pytests.log_file_handler):
        monkeypatch.setattr(handler, "level", logging.CRITICAL + 1)

    def configure(log_format: str, process: str = "web", **settings: Any) -> Lines:
        for name, value in {"log_format": log_format, **settings}.items():
            monkeypatch.setattr(get_settings(), name, value)
        redact._configured_secrets.cache_clear()
        configure_logging(process)
        return Lines(capsys)

    yield configure
    structlog.configure(**before)
    for handler in root.handlers[:]:
        if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(handler)
    root.setLevel(level)
    redact._configured_secrets.cache_clear()
