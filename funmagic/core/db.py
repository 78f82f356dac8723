"""The database: one engine per process, and the one place that commits."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
import structlog
from pydantic_core import from_json
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from funmagic.core.settings import get_settings

log = structlog.get_logger()

P = ParamSpec("P")
T = TypeVar("T")

# No statement of ours takes a second; one that hangs must give its connection back to the others.
POSTGRESQL_LIMITS = "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"
LONG_READ_S = 600
CONNECT_TIMEOUT_S = 5
POOL_SIZE = 10
POOL_OVERFLOW = 10
POOL_TIMEOUT_S = 10
PING_AFTER_S = 0.5
LAST_USED = "last_used"
SQLITE_BUSY_TIMEOUT_S = 15

# What a database raises that is away, that cut us off, or that is too busy to answer in time.
DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeout)

AFTER_COMMIT = "after_commit"


@contextmanager
def transaction() -> Iterator[Session]:
    """Commit everything done in the block, or nothing; then run what `after_commit` collected."""
    with Session(get_engine(), expire_on_commit=False) as session:
        session.info[AFTER_COMMIT] = []
        yield session
        session.commit()
    for action in session.info[AFTER_COMMIT]:
        try:
            action()
        except Exception:
            # What is committed is true; the clock repeats what failed to follow it.
            log.exception("after_commit_failed")


@contextmanager
def autocommitting() -> Iterator[Session]:
    """A session in which each statement commits alone: for marks that the clock would make again if they were lost."""
    with Session(_each_by_itself(get_engine()), expire_on_commit=False, autoflush=False) as session:
        yield session
        session.commit()


@contextmanager
def reading() -> Iterator[Session]:
    """A session for reads only: it never waits for a writer, and leaves nothing behind."""
    with Session(_deferred(get_engine()), expire_on_commit=False, autoflush=False) as session:
        yield session
        session.expunge_all()
        session.commit()


@contextmanager
def snapshot() -> Iterator[Session]:
    """A session for reads that all see the database as it is at one moment, and that may take minutes."""
    with Session(_at_one_moment(get_engine()), expire_on_commit=False, autoflush=False) as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(sa.text(f"SET LOCAL statement_timeout = '{LONG_READ_S}s'"))
        yield session
        session.expunge_all()
        session.commit()


def after_commit(session: Session, action: Callable[[], object]) -> None:
    """Run `action` once the session's transaction has committed; never when it rolled back."""
    session.info[AFTER_COMMIT].append(action)


def execute_rows(session: Session, statement: sa.Executable, rows: Sequence[dict[str, Any]]) -> None:
    """Run a statement for each of some rows; a single row is spared the round trips of a batch."""
    session.execute(statement, rows if len(rows) > 1 else rows[0])


def answers() -> bool:
    """Whether the database can be reached."""
    try:
        with reading() as session:
            session.execute(sa.select(1))
    except DATABASE_AWAY:
        return False
    return True


async def transact(fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a service in a thread, inside one transaction: how a Reflex handler writes."""

    def call() -> T:
        with transaction() as session:
            return fn(session, *args, **kwargs)

    return await asyncio.to_thread(call)


async def read(fn: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a service in a thread, with a read-only session: how a Reflex handler looks things up."""

    def call() -> T:
        with reading() as session:
            return fn(session, *args, **kwargs)

    return await asyncio.to_thread(call)


@lru_cache(maxsize=1)
def _each_by_itself(engine: sa.Engine) -> sa.Engine:
    # BEGIN and COMMIT around a single statement would triple its cost; SQLite has no round trips to save.
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="AUTOCOMMIT")


@lru_cache(maxsize=1)
def _deferred(engine: sa.Engine) -> sa.Engine:
    return _each_by_itself(engine).execution_options(sqlite_begin="DEFERRED")


@lru_cache(maxsize=1)
def _at_one_moment(engine: sa.Engine) -> sa.Engine:
    # SQLite does so for every transaction.
    if engine.dialect.name == "sqlite":
        return _deferred(engine)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


@lru_cache
def get_engine() -> sa.Engine:
    """The engine of this process, made on first use."""
    return make_engine(get_settings().database_url)


def make_engine(url: str) -> sa.Engine:
    """An engine with the settings each database needs to be right under concurrency."""
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        return _make_postgresql_engine(address)
    if address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(address, json_deserializer=from_json, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_S})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_postgresql_engine(address: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_TIMEOUT_S,
        pool_use_lifo=True,
        json_deserializer=from_json,
        connect_args={
            "options": POSTGRESQL_LIMITS,
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": "funmagic",
            # A peer that vanished without a word is noticed within half a minute.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
    )
    sa.event.listen(engine, "checkin", _record_use)
    sa.event.listen(engine, "checkout", partial(_ping_after_a_pause, engine.dialect))
    return engine


def _record_use(_connection: Any, record: Any) -> None:
    record.info[LAST_USED] = time.monotonic()


def _ping_after_a_pause(dialect: sa.Dialect, connection: Any, record: Any, _proxy: object) -> None:
    # A connection that the server closed, or that a restart cut, is replaced before anybody is given it. One that was
    # in use a moment ago is not asked: under load that question is a third of what a short transaction costs.
    if time.monotonic() - record.info.get(LAST_USED, time.monotonic()) < PING_AFTER_S:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise sa.exc.DisconnectionError from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # SQLAlchemy begins transactions itself below; left alone, the driver would begin late and without the write lock.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: sa.Connection) -> None:
    # IMMEDIATE takes the write lock up front: a read that later writes can fail at once with "database is locked".
    mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {mode}")
