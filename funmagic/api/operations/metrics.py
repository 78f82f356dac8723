"""What Prometheus is told: this process's own numbers, the counters all processes share, and facts of the database."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from sqlmodel import Session, col, select

from funmagic.core.db import reading
from funmagic.core.queues import QueueName, queue
from funmagic.core.telemetry.bounded import Bounded
from funmagic.core.telemetry.counters import BUCKETS_S, COUNTERS, HISTOGRAMS, OVERFLOW, SUM, Shared, read_shared
from funmagic.credits.audit import LastAudit, find_last_audit
from funmagic.models.base import db_time, utcnow
from funmagic.models.credits import CreditAccount
from funmagic.models.leases import CLOCK_LEASE, Lease
from funmagic.models.tasks import Task
from funmagic.models.tools import Tool
from funmagic.providers.health import ProviderHealth, list_health

PATIENCE_S = 2.0
KEPT_S = 2.0

# When a series began is of no use to us, and doubles their number.
disable_created_metrics()  # type: ignore[no-untyped-call]
OWN = CollectorRegistry()
ProcessCollector(registry=OWN)
PlatformCollector(registry=OWN)
GCCollector(registry=OWN)
HTTP_SECONDS = Histogram(
    "funmagic_http_request_seconds",
    "Time until an answer starts.",
    ("method", "route", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=OWN,
)
OPEN_CONNECTIONS = Gauge(
    "funmagic_open_connections", "Open websockets and event streams of this process.", ("kind",), registry=OWN
)


@dataclass(frozen=True)
class QueueFacts:
    """One queue: how many jobs wait, and for how many seconds the oldest has."""

    name: str
    jobs: int
    oldest_age_s: float


@dataclass(frozen=True)
class DatabaseFacts:
    """What the database knows: tasks by tool and status, credits held, the last audit, and whether some clock leads."""

    tasks: list[tuple[str, str, int]]
    reserved: int
    has_clock: bool
    audit: LastAudit | None


@dataclass(frozen=True)
class RedisFacts:
    """What Redis knows: the queues, and the shared counters."""

    queues: list[QueueFacts]
    shared: dict[tuple[str, ...], float]


async def render_metrics() -> bytes:
    """All metrics in Prometheus' text format; of what is away, only that it is."""
    database = await _answer_or_none(_database_facts())
    in_redis = await _answer_or_none(_redis_facts())
    providers = await _answer_or_none(_provider_facts())
    return generate_latest(OWN) + generate_latest(_Snapshot(database, in_redis, providers or []))


class _Snapshot(CollectorRegistry):
    """The numbers of one scrape."""

    def __init__(
        self, database: DatabaseFacts | None, in_redis: RedisFacts | None, providers: list[ProviderHealth]
    ) -> None:
        super().__init__()
        self._database = database
        self._redis = in_redis
        self._providers = providers

    def collect(self) -> Iterator[Metric]:
        """Every metric of which there is something to tell."""
        up = GaugeMetricFamily("funmagic_dependency_up", "Whether it answered this scrape.", labels=["dependency"])
        up.add_metric(["database"], self._database is not None)
        up.add_metric(["redis"], self._redis is not None)
        yield up
        if self._database is not None:
            yield from _database_metrics(self._database)
        if self._redis is not None:
            yield from _redis_metrics(self._redis)
        yield from _provider_metrics(self._providers)


def _database_metrics(facts: DatabaseFacts) -> Iterator[Metric]:
    tasks = GaugeMetricFamily("funmagic_tasks", "Tasks by tool and status.", labels=["tool", "status"])
    for tool, status, number in facts.tasks:
        tasks.add_metric([tool, status], number)
    yield tasks
    yield GaugeMetricFamily("funmagic_credits_reserved", "Credits held by runs and disputed payments.", facts.reserved)
    yield GaugeMetricFamily("funmagic_clock_leading", "Whether some clock holds the lease.", facts.has_clock)
    if facts.audit:
        found = facts.audit.discrepancies
        at = facts.audit.at.timestamp()
        yield GaugeMetricFamily("funmagic_credit_discrepancies", "What the last audit of the credits found.", found)
        yield GaugeMetricFamily("funmagic_credit_audit_timestamp_seconds", "When that audit ended, in Unix time.", at)


def _redis_metrics(facts: RedisFacts) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("funmagic_queue_jobs", "Jobs waiting on a queue.", labels=["queue"])
    ages = GaugeMetricFamily("funmagic_queue_oldest_job_seconds", "How long the oldest has waited.", labels=["queue"])
    for each in facts.queues:
        jobs.add_metric([each.name], each.jobs)
        ages.add_metric([each.name], each.oldest_age_s)
    yield from (jobs, ages)
    for metric in COUNTERS:
        counter = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, number in _numbers_of(metric, facts.shared):
            counter.add_metric(labels, number)
        yield counter
    for metric in HISTOGRAMS:
        yield _histogram(metric, facts.shared)


def _provider_metrics(providers: list[ProviderHealth]) -> Iterator[Metric]:
    healthy = GaugeMetricFamily("funmagic_provider_healthy", "Whether it would take our work.", labels=["provider"])
    breakers = GaugeMetricFamily(
        "funmagic_breaker_state", "Its circuit breaker: 0 closed, 1 half-open, 2 open.", labels=["provider"]
    )
    for each in providers:
        healthy.add_metric([each.name], each.is_healthy)
        breakers.add_metric([each.name], each.breaker)
    yield from (healthy, breakers)


def _histogram(metric: Shared, shared: dict[tuple[str, ...], float]) -> Metric:
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    series: dict[tuple[str, ...], dict[str, float]] = {}
    for field, number in _numbers_of(metric, shared):
        series.setdefault(field[:-1], {})[field[-1]] = number
    for labels, parts in sorted(series.items()):
        total = 0.0
        buckets = []
        for bound in [*map(str, BUCKETS_S), OVERFLOW]:
            total += parts.get(bound, 0)
            buckets.append((bound, total))
        family.add_metric(labels, buckets, parts.get(SUM, 0))
    return family


def _numbers_of(metric: Shared, shared: dict[tuple[str, ...], float]) -> Iterable[tuple[tuple[str, ...], float]]:
    return ((field[1:], number) for field, number in shared.items() if field[0] == metric.name)


async def _answer_or_none(question: Bounded[Any]) -> Any:
    try:
        return await question.answer()
    except Exception:  # noqa: BLE001 - whatever is wrong with one part, the rest is told
        return None


@lru_cache
def _database_facts() -> Bounded[DatabaseFacts]:
    return Bounded(_read_database, patience_s=PATIENCE_S, kept_s=KEPT_S)


@lru_cache
def _redis_facts() -> Bounded[RedisFacts]:
    return Bounded(_read_redis, patience_s=PATIENCE_S, kept_s=0)


@lru_cache
def _provider_facts() -> Bounded[list[ProviderHealth]]:
    return Bounded(_read_providers, patience_s=PATIENCE_S, kept_s=KEPT_S)


def _read_database() -> DatabaseFacts:
    with reading() as session:
        return DatabaseFacts(
            tasks=_count_tasks(session),
            reserved=session.exec(select(sa.func.coalesce(sa.func.sum(CreditAccount.reserved), 0))).one(),
            has_clock=session.exec(
                select(Lease.name).where(Lease.name == CLOCK_LEASE, col(Lease.expires_at) > db_time())
            ).first()
            is not None,
            audit=find_last_audit(session),
        )


def _count_tasks(session: Session) -> list[tuple[str, str, int]]:
    counted = sa.select(col(Tool.slug), col(Task.status), sa.func.count()).join(Tool, col(Tool.id) == Task.tool_id)
    return [tuple(row) for row in session.execute(counted.group_by(col(Tool.slug), col(Task.status)))]


def _read_providers() -> list[ProviderHealth]:
    with reading() as session:
        return list_health(session)


def _read_redis() -> RedisFacts:
    return RedisFacts([_read_queue(name) for name in QueueName], read_shared())


def _read_queue(name: QueueName) -> QueueFacts:
    jobs = queue(name)
    waiting = jobs.count
    oldest = next(iter(jobs.get_jobs(0, 1)), None)
    age = (utcnow() - oldest.enqueued_at).total_seconds() if oldest and oldest.enqueued_at else 0.0
    return QueueFacts(name, waiting, max(age, 0.0))
