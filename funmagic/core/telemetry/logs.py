"""Logging: one line per fact, for people on a console or for machines as JSON; libraries speak through it too."""

import logging
import sys
from contextlib import suppress
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from funmagic.core.settings import get_settings
from funmagic.core.telemetry.cleaning import CleanLines
from funmagic.core.telemetry.floods import LimitFloods

OURS = "funmagic"
# The kind of process whose lines are set off by clients.
SERVES_CLIENTS = "web"
# Each of these writes by a handler of its own, past all that we promise, unless it has a level before it is first used.
SELF_WRITING = ("engineio.server", "socketio.server")


def configure_logging(process: str = "cli") -> None:
    """Set this process up to log as the settings say; `process` is what machines find as the kind of process."""
    settings = get_settings()
    is_json = settings.log_format == "json"
    shared = _shared_processors(process, is_json=is_json)
    handler = _StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _name_logger],
            processors=[
                CleanLines(serves_clients=process == SERVES_CLIENTS),
                _json_renderer() if is_json else _console_renderer(),
            ],
        )
    )
    if process == SERVES_CLIENTS:
        handler.addFilter(LimitFloods())
    _replace_root_handler(handler)
    _silence_handlers_of_others()
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    logging.getLogger(OURS).setLevel(level)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: logging.getLogger(OURS),
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    )


def library_logging() -> dict[str, Any]:
    """What granian is given in place of handlers of its own, so that its lines look like ours."""
    return {"handlers": {}, "loggers": {"_granian": {"handlers": [], "propagate": True}}}


class _StandardError(logging.Handler):
    """Writes to what standard error is at the moment; what cannot be written is dropped, and never shown raw."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        with suppress(Exception):
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()


def _shared_processors(process: str, *, is_json: bool) -> list[Processor]:
    def name_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {**event, "process": process}

    clock = structlog.processors.TimeStamper(fmt="iso", utc=True, key="time")
    people_clock = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        *([clock, name_process] if is_json else [people_clock]),
    ]


def _json_renderer() -> Processor:
    return structlog.processors.JSONRenderer(default=str, ensure_ascii=False)


def _console_renderer() -> Processor:
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)


def _name_logger(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {**event, "logger": event["_record"].name}


def _replace_root_handler(handler: logging.Handler) -> None:
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)


def _silence_handlers_of_others() -> None:
    for name in SELF_WRITING:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.ERROR)
