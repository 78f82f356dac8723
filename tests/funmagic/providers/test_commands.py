"""`set-provider` and `set-tool`, as scripts use them."""

import json

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from funmagic.cli import app
from funmagic.core.db import reading
from funmagic.models.providers import Provider
from funmagic.models.tools import Tool
from worker.providers.accounts import read_account

KEY = "secret-key-12345678"
runner = CliRunner()
pytestmark = pytest.mark.usefixtures("db", "redis")


def run(*words, stdin=None):
    return runner.invoke(app, list(words), input=stdin)


def names():
    with reading() as session:
        return sorted(session.exec(select(Provider.name)))


def test_a_provider_is_set_up_in_one_line():
    config = json.dumps({"rateLimit": {"maxConcurrency": 2}})
    words = ["--scope", "web", "--type", "fal", "--api-key-stdin", "--base-url", "https://8.8.8.8", "--config", config]
    result = run("set-provider", "fal", *words, "--active", stdin=f"{KEY}\n")
    assert (result.exit_code, KEY in result.output, "…5678" in result.output) == (0, False, True)
    with reading() as session:
        account = read_account(session, "web", "fal")
    assert (account.base_url, account.api_key.get_secret_value()) == ("https://8.8.8.8", KEY)
    assert account.config.rate_limit.max_concurrency == 2


def test_a_known_name_says_its_type_and_can_be_switched_off_later():
    assert run("set-provider", "fal").exit_code == 0
    assert "inactive" in run("set-provider", "fal", "--inactive").output
    assert "inactive" in run("set-provider", "fal").output
    assert "inactive" not in run("set-provider", "fal", "--active").output


@pytest.mark.parametrize(
    "words",
    [
        ("nothing",),
        ("fal", "--scope", "admin"),
        ("fal", "--type", "nothing"),
        ("fal", "--base-url", "http://127.0.0.1:9"),
        ("fal", "--base-url", "http://localhost"),
        ("fal", "--base-url", "nonsense"),
        ("fal", "--config", "{"),
        ("fal", "--config", "[]"),
        ("fal", "--config", '{"unknown": 1}'),
        ("fal", "--api-key-stdin"),
        ("openai", "--credentials-stdin"),
        ("openai", "--credentials-stdin", "--api-key-stdin"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence_and_changes_nothing(words):
    result = run("set-provider", *words, stdin="")
    assert (result.exit_code, names()) == (1, ["local"])
    assert result.output.strip()
    assert "Traceback" not in result.output


def test_what_a_provider_wants_besides_its_key_is_read_from_stdin_and_not_shown():
    result = run("set-provider", "openai", "--credentials-stdin", stdin='{"organization": "org-123456789"}')
    assert (result.exit_code, "org-123456789" in result.output) == (0, False)
    with reading() as session:
        account = read_account(session, "web", "openai")
        [sealed] = session.exec(select(Provider.credentials_encrypted).where(Provider.name == "openai"))
    assert account.credentials["organization"].get_secret_value() == "org-123456789"
    assert "org-123456789" not in f"{account!r} {sealed}"


@pytest.mark.parametrize(
    ("name", "credentials"),
    [
        ("fal", {"organization": "org-1"}),
        ("openai", {"organisation": "org-1"}),
        ("openai", {"organization": 7}),
        ("openai", {"organization": ""}),
        ("openai", {"organization": "two words"}),
        ("openai", {"organization": "x" * 501}),
    ],
)
def test_credentials_that_a_provider_does_not_have_are_refused(name, credentials):
    result = run("set-provider", name, "--credentials-stdin", stdin=json.dumps(credentials))
    assert (result.exit_code, names()) == (1, ["local"])
    assert "Traceback" not in result.output


def test_credentials_replace_those_before_and_none_take_them_away():
    for given in ('{"organization": "org-1"}', '{"project": "proj-1"}'):
        run("set-provider", "openai", "--credentials-stdin", stdin=given)
    with reading() as session:
        assert list(read_account(session, "web", "openai").credentials) == ["project"]
    run("set-provider", "openai", "--credentials-stdin", stdin="{}")
    with reading() as session:
        assert read_account(session, "web", "openai").credentials == {}


def test_a_step_is_given_to_a_provider():
    run("set-provider", "fal")
    result = run(
        "set-tool", "background-remove", "--step", "remove", "--provider", "fal", "--model", "a/b", "--cost", "7"
    )
    assert (result.exit_code, result.output) == (0, "background-remove remove: fal with a/b, 7 credits\n")
    with reading() as session:
        config = session.exec(select(Tool.config).where(Tool.slug == "background-remove")).one()
    assert config["steps"]["remove"] == {"provider": "fal", "queue": "ai-tasks", "model": "a/b", "credits": 7}


@pytest.mark.parametrize(
    "words",
    [
        ("nothing", "--step", "remove"),
        ("background-remove", "--step", "paint"),
        ("background-remove", "--step", "remove", "--provider", "nobody"),
        ("background-remove", "--step", "remove", "--cost", "-1"),
    ],
)
def test_a_step_that_does_not_fit_is_refused_in_a_sentence(words):
    result = run("set-tool", *words)
    assert result.exit_code == 1
    assert result.output.strip().endswith(".")
