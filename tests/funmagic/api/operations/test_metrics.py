import re
import time

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from funmagic.api.operations import metrics
from funmagic.core.db import transaction
from funmagic.core.settings import get_settings
from funmagic.core.telemetry import counters
from funmagic.core.telemetry.counters import (
    PROVIDER_ALERTS,
    PROVIDER_SECONDS,
    RATE_LIMITED_RETRIES,
    count,
    hand_over,
    observe,
)
from funmagic.credits.audit import record_audit
from funmagic.models.base import db_time
from funmagic.providers.health import mark_healthy, mark_unhealthy
from funmagic.providers.service import set_provider
from tests import factories
from tests.servers import shared_api
from worker.clock import Clock
from worker.limits.breaker import record_outcome
from worker.providers.base import AccountRefused
from worker.upkeep.sweeps import sweep_everything

TOKEN = "the-metrics-token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(autouse=True)
def nothing_kept():
    """No answer of an earlier test is kept."""
    metrics._database_facts.cache_clear()
    metrics._redis_facts.cache_clear()
    metrics._provider_facts.cache_clear()


def client_at(address):
    return TestClient(shared_api(), base_url="http://localhost:3999", client=(address, 50_000))


@pytest.fixture
def scrape(db, redis):
    """Scrapes, and returns each sample's value by its name and labels."""

    def read():
        metrics._database_facts.cache_clear()
        metrics._provider_facts.cache_clear()
        text = client_at("127.0.0.1").get("/metrics").text
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    return read


@pytest.mark.usefixtures("db", "redis")
@pytest.mark.parametrize(
    ("address", "headers", "env", "status"),
    [
        ("127.0.0.1", {}, "local", 200),
        ("::1", {}, "local", 200),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, "local", 401),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, "local", 401),
        ("10.0.0.7", {}, "local", 401),
        ("10.0.0.7", BEARER, "local", 200),
        ("127.0.0.1", {}, "production", 401),
        ("10.0.0.7", BEARER, "production", 200),
        ("10.0.0.7", {"Authorization": f"bearer {TOKEN}"}, "production", 200),
        ("10.0.0.7", {"Authorization": TOKEN}, "production", 401),
        ("10.0.0.7", {"Authorization": f"Basic {TOKEN}"}, "production", 401),
        ("10.0.0.7", {"Authorization": "Bearer "}, "production", 401),
        ("10.0.0.7", {"Authorization": f"Bearer {TOKEN}x"}, "production", 401),
        ("10.0.0.7", {"Authorization": "Bearer é".encode()}, "production", 401),
    ],
)
def test_only_the_token_or_locally_this_machine_opens_the_metrics(monkeypatch, address, headers, env, status):
    monkeypatch.setattr(get_settings(), "metrics_token", SecretStr(TOKEN))
    monkeypatch.setattr(get_settings(), "env", env)
    answer = client_at(address).get("/metrics", headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["error"]["code"] == "UNAUTHORIZED"


def test_without_a_configured_token_no_token_opens_them(db, redis):
    assert client_at("10.0.0.7").get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


def test_tasks_are_counted_by_tool_and_status_and_held_credits_summed(scrape, alice, bob):
    tasks = [factories.submit(viewer) for viewer in (alice, alice, bob)]
    factories.change_task(tasks[0].id, status="completed")
    samples = scrape()
    assert samples["funmagic_tasks", "queued", "background-remove"] == 2
    assert samples["funmagic_tasks", "completed", "background-remove"] == 1
    held = sum(factories.balance_of(viewer).reserved for viewer in (alice, bob))
    assert samples["funmagic_credits_reserved",] == held > 0


def test_queues_tell_how_many_jobs_wait_and_for_how_long(scrape, alice):
    assert scrape()["funmagic_queue_oldest_job_seconds", "ai-tasks"] == 0
    for _ in range(3):
        factories.submit(alice)
    samples = scrape()
    assert (samples["funmagic_queue_jobs", "ai-tasks"], samples["funmagic_queue_jobs", "mail"]) == (3, 0)
    assert 0 < samples["funmagic_queue_oldest_job_seconds", "ai-tasks"] < 60


def test_what_workers_and_the_clock_count_is_shown(scrape):
    count(RATE_LIMITED_RETRIES, "fal")
    for seconds in (0.05, 0.3, 0.3, 1000):
        observe(PROVIDER_SECONDS, "fal", "start", seconds=seconds)
    hand_over()
    samples = scrape()
    assert samples["funmagic_rate_limited_retries_total", "fal"] == 1
    name = "funmagic_provider_call_seconds"
    buckets = {
        bound: samples[f"{name}_bucket", "start", bound, "fal"] for bound in ("0.1", "0.25", "0.5", "320.0", "+Inf")
    }
    assert buckets == {"0.1": 1, "0.25": 1, "0.5": 3, "320.0": 3, "+Inf": 4}
    assert samples[f"{name}_count", "start", "fal"] == 4
    assert samples[f"{name}_sum", "start", "fal"] == pytest.approx(1000.65)


def test_the_clocks_actions_and_its_lead_are_shown(scrape, alice):
    hand_over()
    counters.get_redis().delete(counters.KEY)
    assert scrape()["funmagic_clock_leading",] == 0
    task = factories.submit(alice)
    factories.change_task(task.id, next_check_at=db_time(-1), enqueued_at=None)
    counters.get_redis().flushall()
    clock = Clock()
    clock.tick()
    sweep_everything()
    hand_over()
    samples = scrape()
    assert samples["funmagic_clock_leading",] == 1
    counted = {
        action: samples.get(("funmagic_clock_actions_total", action)) for action in ("took_lead", "swept", "woken")
    }
    assert counted == {"took_lead": 1, "swept": 1, "woken": 1}
    clock.resign()
    assert scrape()["funmagic_clock_leading",] == 0


def test_the_last_audit_of_the_credits_is_told(scrape, alice):
    assert not [key for key in scrape() if key[0].startswith("funmagic_credit_")]
    for found in (3, 2):
        with transaction() as session:
            record_audit(session, found)
    samples = scrape()
    assert samples["funmagic_credit_discrepancies",] == 2
    assert time.time() - 60 < samples["funmagic_credit_audit_timestamp_seconds",] <= time.time()


def test_requests_are_measured_by_route_and_never_by_address(scrape, alice):
    client = client_at("127.0.0.1")
    for number in range(3):
        client.get(f"/api/tasks/{number}?cursor={number}")
        client.get(f"/api/nothing/{number}")
        client.request("BREW", "/pot")
    samples = scrape()
    name = "funmagic_http_request_seconds_count"
    assert samples[name, "GET", "/api/tasks/{task_id}", "401"] >= 3
    assert samples[name, "GET", "/api/{path:path}", "404"] >= 3
    assert any(key[:2] == (name, "OTHER") for key in samples)
    assert not [key for key in samples if re.search(r"/\d|cursor|BREW", " ".join(key))]


def test_no_label_names_a_user_or_a_task(scrape, alice):
    task = factories.submit(alice)
    labels = " ".join(value for key in scrape() for value in key[1:])
    assert alice.id not in labels
    assert task.id not in labels


def test_providers_tell_whether_they_are_well_and_how_their_breakers_are(scrape):
    with transaction() as session:
        set_provider(session, "fal")
        mark_unhealthy(session, "web", "fal", "It is out of credit.")
    assert (scrape()["funmagic_provider_healthy", "fal"], scrape()["funmagic_breaker_state", "fal"]) == (0, 0)
    count(PROVIDER_ALERTS, "fal", "AccountRefused")
    hand_over()
    record_outcome("web", "fal", AccountRefused("HTTP 402"))
    with transaction() as session:
        mark_healthy(session, "web", "fal")
    samples = scrape()
    assert (samples["funmagic_provider_healthy", "fal"], samples["funmagic_breaker_state", "fal"]) == (1, 2)
    assert samples["funmagic_provider_alerts_total", "fal", "AccountRefused"] == 1


def test_the_process_itself_is_measured(scrape):
    assert scrape()["process_resident_memory_bytes",] > 0


def test_with_redis_away_the_rest_is_told(scrape, stoppable_redis, alice):
    factories.submit(alice)
    stoppable_redis.stop()
    samples = scrape()
    assert (samples["funmagic_dependency_up", "redis"], samples["funmagic_dependency_up", "database"]) == (0, 1)
    assert samples["funmagic_credits_reserved",] > 0
    assert ("funmagic_queue_jobs", "mail") not in samples


def test_with_the_database_away_the_rest_is_told(scrape, monkeypatch):
    monkeypatch.setattr(metrics, "reading", lambda: 1 / 0)
    samples = scrape()
    assert (samples["funmagic_dependency_up", "redis"], samples["funmagic_dependency_up", "database"]) == (1, 0)
    assert samples["funmagic_queue_jobs", "mail"] == 0
