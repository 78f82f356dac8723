"""A complaint that is repeated without end takes a few lines, and one that says how many there were."""

import logging

import pytest
import structlog

from funmagic.core.telemetry.floods import LEFT_OUT, MOST_LINES, LimitFloods

log = structlog.get_logger()


def limiter() -> LimitFloods:
    [handler] = [each for each in logging.getLogger().handlers if any(isinstance(f, LimitFloods) for f in each.filters)]
    [found] = [each for each in handler.filters if isinstance(each, LimitFloods)]
    return found


@pytest.mark.parametrize("name", ["reflex.app", "reflex_base.event", "engineio.server", "socketio.server", "_granian"])
def test_of_a_librarys_complaints_few_are_written_and_the_rest_is_counted(logging_to, name):
    lines = logging_to("json")
    for number in range(1000):
        logging.getLogger(f"{name}.{number % 3}").error("Event data: %s", "x" * 50_000)
    written = lines.json()
    assert len(written) == MOST_LINES
    assert sum(len(str(line)) for line in written) < MOST_LINES * 2500
    limiter().end_window()
    [told] = lines.json()
    assert told["event"] == LEFT_OUT
    assert (told["source"], told["what"], told["lines"]) == (name.partition(".")[0], "error", 1000 - MOST_LINES)


def test_our_own_complaints_are_limited_by_their_event(logging_to):
    lines = logging_to("json")
    for _ in range(500):
        log.error("handler_failed")
        log.info("request")
    log.error("request_failed")
    names = [line["event"] for line in lines.json()]
    assert {name: names.count(name) for name in names} == {
        "handler_failed": MOST_LINES, "request": 500, "request_failed": 1,
    }  # fmt: skip


def test_after_a_window_all_is_written_again(logging_to):
    lines = logging_to("json")
    for _ in range(MOST_LINES):
        log.error("handler_failed")
    lines.json()
    limiter().end_window()
    assert lines.json() == []
    log.error("handler_failed")
    assert len(lines.json()) == 1


def test_the_end_of_a_window_comes_by_itself(logging_to):
    lines = logging_to("json")
    flood = LimitFloods(most=1, window_s=0.01)
    record = logging.LogRecord("reflex", logging.ERROR, "", 0, "again", (), None)
    assert [flood.filter(record) for _ in range(3)] == [True, False, False]
    seen = ""
    while LEFT_OUT not in seen:
        seen += lines.text()
    assert '"lines": 2' in seen


def test_a_worker_leaves_nothing_out(logging_to):
    lines = logging_to("json", process="clock")
    for _ in range(3 * MOST_LINES):
        log.error("credits_discrepancy")
    assert len(lines.json()) == 3 * MOST_LINES
