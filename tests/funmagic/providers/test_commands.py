"""`set-provider` and `set-tool`, as scripts use them."""

import json

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from funmagic.cli import app
from funmagic.db import reading
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
        account = read_account(session, "fal")
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
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence_and_changes_nothing(words):
    result = run("set-provider", *words, stdin="")
    assert (result.exit_code, names()) == (1, ["local"])
    assert result.output.strip()
    assert "Traceback" not in result.output


def test_a_step_is_given_to_a_provider():
    run("set-provider", "fal")
    result = run(
        "set-tool", "background-remove", "--step", "remove", "--provider", "fal", "--model", "a/b", "--cost", "7"
    )
    assert (result.exit_code, result.output) == (0, "background-remove remove: fal with a/b, 7 credits\n")
    with reading() as session:
        config = session.exec(select(Tool.config).where(Tool.slug == "background-remove")).one()
    assert config["steps"]["remove"] == {"provider": "fal", "model": "a/b", "credits": 7}


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
