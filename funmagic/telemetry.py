"""Logging: one structured line per fact, for people on a console."""

import logging

import structlog

from funmagic.settings import get_settings


def configure_logging() -> None:
    """Set this process up to log at the level the settings say."""
    level = logging.getLevelNamesMapping()[get_settings().log_level.upper()]
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ],
    )
