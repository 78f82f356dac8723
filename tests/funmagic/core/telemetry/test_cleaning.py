"""Whatever a client writes, and by whichever way it comes into a line: short, in one line, and of no effect."""

import json
import logging
import sys
from collections.abc import Callable

import pytest
import structlog

from tests.funmagic.core.telemetry.hostile import BUSY_S, CLASSES, busy_s, repeated

log = structlog.get_logger()

REPEATERS = ["reflex.app", "reflex_base.event.processor", "engineio.server", "socketio.server", "asyncio"]
CONTROLS = [chr(code) for code in [*range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A)]]
CONTROLS += ["\u061c", "\u200b", "\u200e", "\u200f", "\ufeff", "\ud800", "\U000e0041"]


def raise_it(text: str) -> None:
    raise RuntimeError(text)


def log_event(text: str) -> None:
    log.warning(text)


def log_exception(text: str) -> None:
    try:
        raise_it(text)
    except RuntimeError:
        log.exception("handler_failed")


def log_key_error(text: str) -> None:
    try:
        {}[text]
    except KeyError:
        logging.getLogger("engineio.server").exception("message handler error")


def log_chain(text: str) -> None:
    try:
        try:
            raise_it(text)
        except RuntimeError as error:
            raise ValueError(text) from error
    except ValueError:
        log.exception("handler_failed")


def log_group(text: str) -> None:
    log.error(
        "handler_failed", exc_info=ExceptionGroup(text, [ValueError(text), ExceptionGroup(text, [OSError(text)])])
    )


PATHS: dict[str, Callable[[str], None]] = {
    "event": log_event,
    "field": lambda text: log.warning("said", said=text),
    "nested": lambda text: log.warning("said", said={"all": [text, {text: text}]}),
    "object": lambda text: log.warning("said", said=ValueError(text)),
    "bytes": lambda text: log.warning("said", said=text.encode(errors="surrogatepass")),
    "exception": log_exception,
    "key error": log_key_error,
    "chain": log_chain,
    "group": log_group,
    "library": lambda text: logging.getLogger("httpx").warning("said: %s", text),
    "server": lambda text: logging.getLogger("_granian").error(text),
    **{name: lambda text, name=name: logging.getLogger(name).error("Event data: %s", text) for name in REPEATERS},  # type: ignore[misc]
}
every_path = pytest.mark.parametrize("say", PATHS.values(), ids=PATHS)


@pytest.fixture(params=["console", "json"])
def lines(request, logging_to):
    return logging_to(request.param)


@every_path
def test_a_megabyte_of_anything_is_written_short_and_in_no_time(logging_to, say):
    for unit in CLASSES:
        lines = logging_to("json")
        text = repeated(unit)
        assert busy_s(lambda: say(text)) <= BUSY_S, unit  # noqa: B023 - called at once
        for line in lines.text().splitlines():
            fields = json.loads(line)
            is_librarys = "logger" in fields
            assert len(fields.pop("exception", "")) <= (1_900 if is_librarys else 8_100), unit
            assert len(json.dumps(fields, ensure_ascii=False).encode()) <= (2_048 if is_librarys else 4_300), unit


@every_path
@pytest.mark.parametrize("log_format", ["console", "json"])
def test_what_a_client_wrote_takes_two_kilobytes_at_most(logging_to, say, log_format):
    lines = logging_to(log_format)
    say("client " * 9000)
    # Texts in several fields share one of our own lines; and a chain has several messages.
    assert lines.text().count("client ") * len("client ") <= (4_000 if say is PATHS["nested"] else 2_048)


@every_path
def test_no_control_character_comes_through(lines, say):
    say("x".join(CONTROLS))
    # The line ends that are left are the renderer's and the tracebacks' own.
    written = lines.text().replace("\n", "")
    assert not [control for control in CONTROLS if control in written]


@every_path
@pytest.mark.parametrize(
    "end", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x1b[2K\r", "\x1b[1A"]
)
def test_nobody_writes_a_line_of_their_own(lines, say, end):
    say(f"x{end}12:00:00 [info     ] FORGED")
    assert not [
        line for line in lines.text().splitlines() if line.startswith(("12:00:00 [info     ] FORGED", "FORGED"))
    ]


def test_the_lines_of_our_own_code_stay_lines_on_a_console(logging_to):
    lines = logging_to("console")
    log_chain("it broke\nTraceback (most recent call last):\nFORGED")
    written = lines.text().splitlines()
    assert written.count("Traceback (most recent call last):") == 2
    assert "    raise RuntimeError(text)" in written
    assert "RuntimeError: it broke\\nTraceback (most recent call last):\\nFORGED" in written
    assert "The above exception was the direct cause of the following exception:" in written


def test_a_long_traceback_keeps_both_its_ends(logging_to):
    lines = logging_to("json")

    def sink(depth: int) -> None:
        if depth:
            sink(depth - 1)
        else:
            raise_it("at the bottom")

    try:
        sink(400)
    except RuntimeError:
        log.exception("handler_failed")
    exception = lines.json()[0]["exception"]
    assert exception.startswith("Traceback (most recent call last):")
    assert exception.endswith("RuntimeError: at the bottom")


def test_what_is_always_there_is_not_crowded_out(logging_to):
    lines = logging_to("json")
    log.warning("said", **{f"part_{number}": "x" * 10_000 for number in range(30)})
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        logging.getLogger("_granian").error("y" * 10_000)
    for line in lines.json():
        assert line["level"]
        assert line["time"]
        assert line["process"] == "web"
        assert len(str(line)) < 10_000
    assert line["request_id"] == "r1"


@pytest.mark.parametrize("name", REPEATERS)
@pytest.mark.parametrize(
    "said", ["Event data: {}", "sent ['{}']", "client '{}'", "at\nfuture: <Task name='x|{}'>", "is ({}"]
)
def test_of_what_repeats_clients_a_web_process_keeps_our_words_and_the_place(logging_to, name, said):
    lines = logging_to("json")
    logging.getLogger(name).error(said.format("tab-token-1234"))
    [line] = lines.json()
    assert "tab-token" not in str(line)
    assert line["event"].startswith(said[:2])
    assert "test_of_what_repeats_clients" in line["where"]


def test_a_build_says_all_that_reflex_says(logging_to):
    lines = logging_to("json", process="cli")
    logging.getLogger("reflex.app").warning("Cannot compile: page '/x' is there twice")
    assert lines.json()[0]["event"] == "Cannot compile: page '/x' is there twice"


def test_what_cannot_be_shown_does_not_lose_the_line(lines):
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    log.warning("said", said=Broken(), number=10 ** (sys.get_int_max_str_digits() + 1))
    assert "Broken" in lines.text()


@pytest.mark.parametrize("name", ["engineio.server", "socketio.server"])
def test_libraries_have_no_way_to_the_log_of_their_own(logging_to, name):
    logger = logging.getLogger(name)
    logger.addHandler(logging.StreamHandler(sys.stderr))
    lines = logging_to("json")
    logger.error("Event data: x")
    assert len(lines.json()) == 1
    assert logger.level != logging.NOTSET
