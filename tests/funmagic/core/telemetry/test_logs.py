import logging
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from pydantic import SecretStr

log = structlog.get_logger()


def fail(text: str) -> None:
    raise RuntimeError(text)


def caught(action, *args) -> Exception:
    """The error that an action raises, with its traceback."""
    with pytest.raises(RuntimeError) as raised:
        action(*args)
    return raised.value


@pytest.fixture(params=["console", "json"])
def lines(request, logging_to):
    return logging_to(request.param)


def test_machines_get_one_object_a_line_with_time_level_event_and_process(logging_to):
    lines = logging_to("json", process="worker")
    log.info("task_started", task_id="1", text="two\nlines")
    [line] = lines.json()
    assert {**line, "time": ""} == {
        "event": "task_started", "level": "info", "process": "worker", "task_id": "1", "time": "",
        "text": "two\\nlines",
    }  # fmt: skip
    assert line["time"].endswith("Z")
    assert datetime.now(UTC) - datetime.fromisoformat(line["time"]) < timedelta(minutes=1)


def test_people_get_plain_lines(logging_to):
    lines = logging_to("console")
    log.info("task_started", task_id="1")
    assert "task_started" in (text := lines.text())
    assert "task_id=1" in text
    assert "{" not in text


def test_libraries_speak_through_the_same_renderer_and_say_who_they_are(logging_to):
    lines = logging_to("json")
    logging.getLogger("rq.worker").warning("job %s is late", 5)
    logging.getLogger("sqlalchemy").info("not worth a line")
    [line] = lines.json()
    assert (line["event"], line["level"], line["logger"]) == ("job 5 is late", "warning", "rq.worker")


def test_what_is_bound_is_on_every_line_libraries_included(logging_to):
    lines = logging_to("json")
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        log.info("ours")
        logging.getLogger("alembic").warning("theirs")
    log.info("after")
    assert [line.get("request_id") for line in lines.json()] == ["r1", "r1", None]


def test_the_level_is_the_configured_one(logging_to):
    lines = logging_to("json", log_level="warning")
    log.info("quiet")
    log.warning("loud")
    assert [line["event"] for line in lines.json()] == ["loud"]


def test_setting_up_again_does_not_double_the_lines(logging_to):
    logging_to("json")
    lines = logging_to("json")
    log.info("once")
    assert len(lines.json()) == 1


def test_a_defect_is_one_line_for_machines_with_its_traceback(logging_to):
    lines = logging_to("json")
    log.error("request_failed", exc_info=caught(fail, "it broke"))
    [line] = lines.json()
    assert line["exception"].startswith("Traceback")
    assert "it broke" in line["exception"]


def test_a_logged_defect_does_not_print_the_values_it_happened_with(lines):
    def check(password: str) -> None:
        raise RuntimeError("it broke")

    log.error("request_failed", exc_info=caught(check, "hunter" + "2"))
    logged = lines.text()
    assert "it broke" in logged
    assert "hunter2" not in logged


SECRET = "s3cr3t-0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://store.example/b/k.png?X-Amz-Credential=a%2Fb&X-Amz-Signature={SECRET}&x=1",
        f"PUT /storage/private/k?signature={SECRET}",
        f"Cookie: theme=dark; fm_session={SECRET}; other=1",
        f"Authorization: Bearer {SECRET}",
        f"{{'Authorization': 'Key {SECRET}:abc'}}",
        f"connection to postgresql://funmagic:{SECRET}@db/x refused",
        f"redis://:{SECRET}@redis:6379/0 is away",
        f"Incorrect API key provided: sk-proj-{SECRET}",
        f"[SQL: UPDATE users …]\n[parameters: ('alice@example.com', '{SECRET}')]\n(Background on …)",
        f"https://magic.example/reset-password?token={SECRET}",
    ],
)
@pytest.mark.parametrize("place", ["event", "field", "nested", "exception", "library"])
def test_a_secret_never_lands_in_a_line(lines, text, place):
    if place == "exception":
        log.error("it_broke", exc_info=caught(fail, text))
    elif place == "library":
        logging.getLogger("httpx").warning("said: %s", text)
    else:
        values = {"event": (text, {}), "field": ("said", {"said": text}), "nested": ("said", {"said": {"all": [text]}})}
        event, fields = values[place]
        log.warning(event, **fields)
    logged = lines.text()
    assert "[redacted]" in logged
    assert SECRET not in logged


@pytest.mark.parametrize("name", ["cookie", "set_cookie", "authorization", "password", "api_key", "lease_token"])
def test_a_field_that_is_named_like_a_secret_is_blanked(lines, name):
    log.warning("said", **{name: SECRET}, facts={name: SECRET})
    assert SECRET not in lines.text()


def test_the_configured_secrets_are_known_wherever_they_stand(logging_to):
    secrets = {
        "secret_key": SecretStr("the-signing-key"),
        "encryption_keys": SecretStr("first-encryption-key,second-encryption-key"),
        "redis_url": "redis://:the-redis-password@redis/0",
        "smtp_url": SecretStr("smtps://mailer:the-mail-password@mail.example"),
    }
    lines = logging_to("json", **secrets)
    log.warning("x the-signing-key y second-encryption-key z the-redis-password w the-mail-password v")
    assert lines.json()[0]["event"] == "x [redacted] y [redacted] z [redacted] w [redacted] v"


@pytest.mark.parametrize(
    "text",
    [
        "task 01a204ea-243e-7497-9efc-134de0fce38f failed",
        "uploads/1/photo.jpg is gone",
        "no such key uploads/abcdefgh/1",
        "why? because",
    ],
)
def test_innocent_text_stays_as_it_is(logging_to, text):
    lines = logging_to("json")
    log.warning(text, tokens=123)
    [line] = lines.json()
    assert (line["event"], line["tokens"]) == (text, 123)
