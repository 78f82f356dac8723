"""What is noted of a provider's health, and told of it."""

import pytest
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.core.redis import get_redis
from funmagic.models.providers import Provider
from funmagic.providers.breakers import BreakerState
from funmagic.providers.health import LONGEST_NOTE, list_health, mark_healthy, mark_unhealthy

pytestmark = pytest.mark.usefixtures("db", "redis")


@pytest.fixture(autouse=True)
def fal(db):
    """A provider that nobody has looked at yet."""
    with transaction() as session:
        session.add(Provider(name="fal", display_name="fal.ai", type="fal"))


def mark(change, *arguments):
    with transaction() as session:
        return change(session, "web", "fal", *arguments)


def health_of(name="fal"):
    with reading() as session:
        return next(each for each in list_health(session) if each.name == name)


def test_a_provider_that_nobody_looked_at_is_held_for_well():
    health = health_of()
    assert (health.is_healthy, health.note, health.last_health_check_at) == (True, None, None)
    assert health.breaker is BreakerState.CLOSED


def test_what_is_wrong_is_noted_and_goes_once_it_is_well():
    mark(mark_unhealthy, "It is out of credit.")
    ill = health_of()
    assert (ill.is_healthy, ill.note, ill.last_health_check_at is None) == (False, "It is out of credit.", False)
    mark(mark_healthy)
    assert (health_of().is_healthy, health_of().note) == (True, None)
    assert health_of().last_health_check_at >= ill.last_health_check_at


def test_only_a_change_is_news():
    news = [mark(mark_healthy), mark(mark_unhealthy, "a"), mark(mark_unhealthy, "b"), mark(mark_healthy)]
    assert news == [False, True, False, True]


def test_a_provider_that_is_gone_is_no_news():
    with transaction() as session:
        assert not mark_unhealthy(session, "web", "gone", "It is gone.")


def test_a_long_note_is_cut():
    mark(mark_unhealthy, "no " * 500)
    assert len(health_of().note) == LONGEST_NOTE


def test_every_provider_is_listed_by_name_with_its_breaker():
    get_redis().set("breaker:web:fal", '{"opened_until": 9e15, "forgotten_at": 9e15}')
    with reading() as session:
        told = [(each.name, each.breaker) for each in list_health(session)]
        assert [name for name, _ in told] == sorted(session.exec(select(Provider.name)))
    assert ("fal", BreakerState.OPEN) in told


def test_without_redis_health_is_told_all_the_same(stoppable_redis):
    stoppable_redis.stop()
    assert health_of().breaker is BreakerState.CLOSED
