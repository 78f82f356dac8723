"""What operators see of a worker's runs."""

import pytest
import structlog

from funmagic.core.redis import get_redis
from funmagic.core.settings import get_settings
from funmagic.core.telemetry import counters
from funmagic.core.telemetry.traces import configure_tracing, end_tracing
from funmagic.tasks.lifecycle import Claim
from tests.funmagic.core.telemetry.otlp import running_collector
from worker.providers.base import ProviderRateLimited, ProviderTimeout
from worker.runs.observe import observed_attempt, observed_call

CLAIM = Claim("01a204ea-243e-7497-9efc-134de0fce38f", "token", 2)


@pytest.fixture
def counted(redis):
    """What was counted since the test began."""
    counters.hand_over()
    get_redis().delete(counters.KEY)

    def read():
        counters.hand_over()
        return counters.read_shared()

    return read


def test_every_line_of_an_attempt_names_its_task_and_no_later_one_does():
    with observed_attempt(CLAIM):
        assert structlog.contextvars.get_contextvars() == {"task_id": CLAIM.task_id, "attempt": 2}
    assert structlog.contextvars.get_contextvars() == {}


def test_a_call_is_measured_by_provider_and_kind(counted):
    with observed_call("fal", "start"):
        pass
    numbers = counted()
    assert numbers["funmagic_provider_call_seconds", "fal", "start", "0.1"] == 1
    assert not [key for key in numbers if key[0] == "funmagic_provider_errors"]


@pytest.mark.parametrize("error", [ProviderTimeout("slow"), ProviderRateLimited(5)])
def test_an_error_counts_by_its_type_and_passes_on(counted, error):
    with pytest.raises(type(error)), observed_call("fal", "check"):
        raise error
    numbers = counted()
    assert numbers["funmagic_provider_errors", "fal", type(error).__name__] == 1
    assert numbers["funmagic_provider_call_seconds", "fal", "check", "0.1"] == 1


def test_a_worker_that_dies_is_not_the_providers_error(counted):
    with pytest.raises(KeyboardInterrupt), observed_call("fal", "check"):
        raise KeyboardInterrupt
    assert not [key for key in counted() if key[0] == "funmagic_provider_errors"]


def test_attempts_and_calls_are_traced_with_the_tasks_id(redis, monkeypatch):
    with running_collector() as collector:
        monkeypatch.setattr(get_settings(), "otlp_endpoint", collector.url)
        configure_tracing("worker")
        with pytest.raises(ProviderTimeout), observed_attempt(CLAIM), observed_call("fal", "start"):
            raise ProviderTimeout("the text of the error")
        end_tracing()
    call, attempt = sorted(collector.spans, key=lambda each: each["name"])
    assert (call["name"], call["parent"], call["failed"]) == ("fal start", attempt["id"], True)
    assert call["facts"] == {"funmagic.provider": "fal", "funmagic.call": "start", "error.type": "ProviderTimeout"}
    assert attempt["facts"] == {
        "funmagic.task_id": CLAIM.task_id, "funmagic.attempt": 2, "error.type": "ProviderTimeout",
    }  # fmt: skip
    assert {call["service"], attempt["service"]} == {"funmagic-worker"}
    assert b"the text of the error" not in collector.raw
