"""Every provider in use is asked how it is; one that is ill, hangs or breaks keeps nobody from the others."""

import threading

import pytest
import structlog
from sqlmodel import col, select

from funmagic.core.db import reading, transaction
from funmagic.core.redis import get_redis
from funmagic.core.settings import Settings
from funmagic.core.telemetry import counters
from funmagic.core.telemetry.counters import hand_over, read_shared
from funmagic.models.providers import Provider
from funmagic.models.tools import Tool
from funmagic.providers.service import set_provider
from tests.factories import wait_until
from tests.worker.engine import ScriptedProvider
from worker.limits.breaker import record_outcome
from worker.providers.accounts import Account
from worker.providers.alerts import alert
from worker.providers.base import (
    AccountRefused,
    ModelRetired,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from worker.providers.local.adapter import Adapter as LocalAdapter
from worker.providers.registry import ADAPTERS
from worker.upkeep import health
from worker.upkeep.health import check_providers

pytestmark = pytest.mark.both_databases

KEY = "sk-0123456789abcdefghij"


@pytest.fixture(autouse=True)
def others_are_well(monkeypatch, redis):
    """The providers that other tools use say nothing in this test."""
    for kind in ADAPTERS:
        monkeypatch.setitem(ADAPTERS, kind, lambda _account: ScriptedProvider())
    hand_over()
    get_redis().delete(counters.KEY)


def row_of(name="scripted"):
    with reading() as session:
        return session.exec(select(Provider).where(Provider.name == name)).one()


def change_row(**columns):
    with transaction() as session:
        row = session.exec(select(Provider).where(Provider.name == "scripted")).one()
        row.sqlmodel_update(columns)


def deactivate_tools():
    with transaction() as session:
        for tool in session.exec(select(Tool).where(col(Tool.is_active))):
            tool.is_active = False


def alerts_of(name="scripted"):
    hand_over()
    return {key[2]: number for key, number in read_shared().items() if key[:2] == ("funmagic_provider_alerts", name)}


def test_one_that_is_well_is_noted_as_such(provider):
    check_providers()
    assert provider.calls == ["check_health"]
    assert (row_of().is_healthy, row_of().health_note) == (True, None)
    assert row_of().last_health_check_at is not None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ProviderUnavailable("HTTP 503"), "The provider cannot be used. (HTTP 503)"),
        (ProviderTimeout("no answer"), "The provider did not answer in time. (no answer)"),
        (AccountRefused("HTTP 402"), "turns our account away: it is out of credit, or its key is wrong. (HTTP 402)"),
        (ModelRetired("m-1"), "does not know a configured model any more: choose another one. (m-1)"),
        (ZeroDivisionError("secret"), "The provider cannot be used. (the check itself broke: ZeroDivisionError)"),
    ],
)
def test_one_that_is_ill_is_noted_with_what_is_wrong(provider, error, said):
    provider.answers(error)
    check_providers()
    assert not row_of().is_healthy
    assert row_of().health_note.endswith(said)
    check_providers()
    assert row_of().is_healthy


def test_no_key_gets_into_the_note(provider):
    provider.answers(AccountRefused(f"401: Authorization: Bearer {KEY} was refused"))
    check_providers()
    assert KEY not in row_of().health_note


def test_being_asked_to_wait_is_no_illness(provider):
    provider.answers(ProviderRateLimited(30))
    check_providers()
    assert row_of().is_healthy


def test_one_that_hangs_or_breaks_keeps_nobody_from_the_others(provider, monkeypatch):
    monkeypatch.setattr(health, "PATIENCE_S", 0.2)
    let_go = threading.Event()
    hanging = ScriptedProvider()
    hanging.check_health = lambda: let_go.wait(20)
    monkeypatch.setitem(ADAPTERS, "fal", lambda _account: hanging)
    monkeypatch.setitem(ADAPTERS, "local", lambda _account: 1 / 0)
    with transaction() as session:
        set_provider(session, "fal", api_key=KEY)
    for _ in range(2):
        check_providers()
    assert len(provider.calls) == 2
    assert not row_of("fal").is_healthy
    assert "did not answer in time" in row_of("fal").health_note
    assert [thread.name for thread in threading.enumerate()].count("health fal") == 1
    let_go.set()
    wait_until(lambda: row_of("fal").is_healthy)


def test_one_that_nobody_uses_and_that_has_no_key_is_not_asked(provider):
    deactivate_tools()
    check_providers()
    assert provider.calls == []
    with transaction() as session:
        set_provider(session, "scripted", api_key=KEY)
    check_providers()
    assert provider.calls == ["check_health"]


def test_one_that_is_switched_off_is_not_asked(provider):
    change_row(is_active=False)
    check_providers()
    assert provider.calls == []


def test_a_check_has_less_patience_than_a_call(provider, monkeypatch):
    accounts = []
    monkeypatch.setitem(ADAPTERS, "scripted", lambda account: accounts.append(account) or provider)
    for seconds in (60, 2):
        change_row(config={"requestTimeoutSeconds": seconds})
        check_providers()
    assert [account.config.request_timeout_seconds for account in accounts] == [health.CALL_S, 2]


def test_a_run_that_is_refused_is_an_alert_and_the_provider_unhealthy(provider):
    with structlog.testing.capture_logs() as logs:
        alert("web", "scripted", AccountRefused("HTTP 402"))
    [told] = [line for line in logs if line["event"] == "provider_needs_attention"]
    assert (told["log_level"], told["provider"], told["reason"]) == ("error", "scripted", "AccountRefused")
    assert not row_of().is_healthy
    assert alerts_of() == {"AccountRefused": 1}


def test_a_retired_model_is_an_alert_and_the_provider_stays_well(provider):
    alert("web", "scripted", ModelRetired("gpt-image-1.5"))
    assert row_of().is_healthy
    assert alerts_of() == {"ModelRetired": 1}


@pytest.mark.parametrize("error", [ProviderUnavailable(), ProviderTimeout(), ProviderRejected()])
def test_whatever_passes_by_itself_is_no_alert(provider, error):
    alert("web", "scripted", error)
    assert row_of().is_healthy
    assert alerts_of() == {}


def test_a_check_that_goes_well_does_not_hide_that_runs_are_refused(provider):
    record_outcome("web", "scripted", AccountRefused("out of credit"), holder="step-1")
    alert("web", "scripted", AccountRefused("out of credit"))
    check_providers()
    assert not row_of().is_healthy
    with transaction() as session:
        set_provider(session, "scripted", api_key=KEY)
    check_providers()
    assert row_of().is_healthy


def test_a_check_that_meets_a_refusal_is_an_alert_once(provider):
    provider.answers(AccountRefused("HTTP 401"), AccountRefused("HTTP 401"))
    check_providers()
    check_providers()
    assert alerts_of() == {"AccountRefused": 1}


def test_this_machine_is_well_when_its_models_are_there(models):
    LocalAdapter(Account("local", "local", scope="web")).check_health()


def test_this_machine_is_not_well_without_a_model(monkeypatch, tmp_path):
    monkeypatch.setattr(Settings, "models_dir", property(lambda _settings: tmp_path))
    with pytest.raises(ProviderUnavailable, match="fetch-models"):
        LocalAdapter(Account("local", "local", scope="web")).check_health()
