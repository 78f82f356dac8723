"""What a worker tells operators of its runs: log lines that name the task, spans, provider latency and errors."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from funmagic.core.telemetry.counters import PROVIDER_ERRORS, PROVIDER_SECONDS, count, observe
from funmagic.core.telemetry.traces import Value, span
from funmagic.tasks.lifecycle import Claim


@contextmanager
def observed_attempt(claim: Claim) -> Iterator[None]:
    """Have every log line of the block name the task and the attempt, and trace it."""
    facts: dict[str, Value] = {"funmagic.task_id": claim.task_id, "funmagic.attempt": claim.attempt}
    with (
        structlog.contextvars.bound_contextvars(task_id=claim.task_id, attempt=claim.attempt),
        span("task attempt", facts),
    ):
        yield


@contextmanager
def observed_call(provider: str, call: str) -> Iterator[None]:
    """Measure the block as one call of a provider, `start` or `check`; an exception counts by its type."""
    began = time.perf_counter()
    with span(f"{provider} {call}", {"funmagic.provider": provider, "funmagic.call": call}, kind="client"):
        try:
            yield
        except Exception as error:
            count(PROVIDER_ERRORS, provider, type(error).__name__)
            raise
        finally:
            observe(PROVIDER_SECONDS, provider, call, seconds=time.perf_counter() - began)
