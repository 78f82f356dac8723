import threading

import pytest

from funmagic.api.operations import health, stopping

ALL_WELL = {"status": "ready", "database": "ok", "redis": "ok", "storage": "ok"}


@pytest.fixture(autouse=True)
def nothing_kept():
    """No answer of an earlier test is kept."""
    health._checks.cache_clear()
    yield
    health._checks.cache_clear()


def test_alive_says_nothing_of_others(client, monkeypatch):
    monkeypatch.setattr(health, "reading", lambda: 1 / 0)
    assert client.get("/healthz").json() == {"status": "ok"}


def test_ready_with_everything_there(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, ALL_WELL)


def test_without_redis_people_are_still_sent_here(client, stoppable_redis):
    stoppable_redis.stop()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, ALL_WELL | {"status": "degraded", "redis": "down"})


def test_without_the_database_nobody_is_sent_here(stoppable_postgresql, client):
    stoppable_postgresql.stop()
    answer = client.get("/readyz")
    stoppable_postgresql.resume()
    assert (answer.status_code, answer.json()) == (503, ALL_WELL | {"status": "unavailable", "database": "down"})


def test_without_the_store_nobody_is_sent_here(client, monkeypatch):
    def broken(*_: object) -> None:
        raise OSError("no such disk")

    monkeypatch.setattr(type(health.get_storage()), "head", broken)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, ALL_WELL | {"status": "unavailable", "storage": "down"})


def test_a_check_that_hangs_counts_as_down_and_holds_up_nobody(client, monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(health, "PATIENCE_S", 0.2)
    monkeypatch.setattr(type(health.get_storage()), "head", lambda *_: release.wait(60))
    try:
        assert client.get("/readyz").json() == ALL_WELL | {"status": "unavailable", "storage": "down"}
        assert client.get("/healthz").is_success
    finally:
        release.set()


def test_asking_often_does_not_ask_the_database_often(client, monkeypatch):
    monkeypatch.setattr(health, "KEPT_S", 60)
    asked = []
    monkeypatch.setattr(health, "_ping_database", lambda: asked.append(1))
    for _ in range(20):
        assert client.get("/readyz").is_success
    assert len(asked) == 1


def test_who_stops_is_not_ready(client, monkeypatch):
    monkeypatch.setattr(stopping._get_stopping(), "has_begun", True)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "stopping")


def test_neither_probe_is_part_of_the_documented_api(client):
    assert not {"/healthz", "/readyz", "/metrics"} & set(client.get("/api/openapi.json").json()["paths"])
