"""The parts every test stands on: a data directory of its own, a migrated database, a real Redis, and people."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from funmagic.supervisor.bytecode import keep_bytecode
from tests.bytecode import FOLDER

DATA_DIR = Path(tempfile.mkdtemp(prefix="funmagic-tests-"))
# Before anything reads the settings: tests never touch a developer's data, .env or configured services.
for name in [name for name in os.environ if name.startswith("FUNMAGIC_")]:
    del os.environ[name]
os.environ["FUNMAGIC_DATA_DIR"] = str(DATA_DIR)
os.environ["FUNMAGIC_PORT"] = "3999"
keep_bytecode(FOLDER)

from argon2 import PasswordHasher  # noqa: E402
from fastapi import FastAPI  # noqa: E402
from fastapi.testclient import TestClient  # noqa: E402
from sqlmodel import Session, col, select  # noqa: E402

from funmagic.accounts import passwords  # noqa: E402

# Slow hashes are for attackers, and a fifth of a second each; how slow they are is tested with the passwords.
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
passwords._DECOY_HASH = passwords._hasher.hash("a password nobody has")

from funmagic.core.db import get_engine, make_engine, reading, transaction  # noqa: E402
from funmagic.core.migrations import migrate  # noqa: E402
from funmagic.core.redis import get_redis  # noqa: E402
from funmagic.core.settings import Settings, get_settings  # noqa: E402
from funmagic.core.weights import fetch_models  # noqa: E402
from funmagic.models.credits import CreditTransaction, TransactionType  # noqa: E402
from funmagic.models.rate_limits import RateLimitSettings  # noqa: E402
from funmagic.models.tables import metadata  # noqa: E402
from funmagic.models.users import Role  # noqa: E402
from funmagic.seed import seed_catalogue  # noqa: E402
from funmagic.sessions.viewer import Viewer  # noqa: E402
from funmagic.supervisor import embedded_redis  # noqa: E402
from tests import factories, postgres  # noqa: E402
from tests.limits import lift_limits  # noqa: E402
from tests.mailbox import Mailbox  # noqa: E402
from tests.s3_server import S3Server, running_s3_server  # noqa: E402
from tests.servers import CLUSTER_URL, PROJECT, StoppableRedis, new_database, shared_api  # noqa: E402

Settings.model_config["env_file"] = None
# As the product logs: else each traceback is drawn with all that its frames hold, which takes longer than most tests.
to_console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], to_console])


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite", help="what the tests run on")


def pytest_configure(config: pytest.Config) -> None:
    """With --database=postgresql: one server for all test processes, and a database for each."""
    if config.getoption("--database") == "sqlite":
        return
    if CLUSTER_URL not in os.environ:  # the first process, which starts the others
        cluster = postgres.Cluster()
        cluster.start()
        config.add_cleanup(cluster.remove)
        os.environ[CLUSTER_URL] = cluster.url
    os.environ["FUNMAGIC_DATABASE_URL"] = new_database(DATA_DIR)


def pytest_xdist_auto_num_workers() -> int:
    """Test processes for `-n auto`: one more than processors, as some of the time is spent waiting for what is due."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.fixture(scope="session", autouse=True)
def data_dir() -> Iterator[Path]:
    """This test process's own data directory, gone at the end."""
    yield DATA_DIR
    shutil.rmtree(DATA_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated(data_dir: Path) -> None:
    """The database at the newest revision."""
    migrate()


@pytest.fixture
def db(migrated: None, request: pytest.FixtureRequest) -> Iterator[None]:
    """An empty database with the catalogue in it, and nobody kept from asking often; its books are right at the end.

    Tests that falsify books say so: `@pytest.mark.falsifies_books`.
    """
    with transaction() as session:
        _delete_everything(session.connection())
        for table, rows in _first_rows():
            session.execute(table.insert(), rows)
    yield
    if request.node.get_closest_marker("falsifies_books") is None and _has_books():
        assert factories.books_are_right()


def _has_books() -> bool:
    with reading() as session:
        beyond_welcome = col(CreditTransaction.type) != TransactionType.WELCOME
        return session.exec(select(CreditTransaction.id).where(beyond_welcome).limit(1)).first() is not None


def _delete_everything(connection: sa.Connection) -> None:
    # PostgreSQL takes all of it in one trip, and SQLite takes no more than one statement.
    statements = [str(table.delete()) for table in reversed(metadata.sorted_tables)]
    if connection.dialect.name == "postgresql":
        statements = [";".join(statements)]
    for statement in statements:
        connection.execution_options(no_parameters=True).exec_driver_sql(statement)


@cache
def _first_rows() -> list[tuple[sa.Table, list[dict[str, Any]]]]:
    """What every test finds: made once, as making it anew takes longer than most tests."""
    engine = make_engine("sqlite://")
    metadata.create_all(engine)
    with Session(engine) as session:
        seed_catalogue(session)
        lift_limits(session)
        session.flush()
        found = [(table, session.execute(sa.select(table)).mappings().all()) for table in metadata.sorted_tables]
    engine.dispose()
    return [(table, [dict(row) for row in rows]) for table, rows in found if rows]


@pytest.fixture
def stoppable_postgresql(monkeypatch: pytest.MonkeyPatch) -> Iterator[postgres.Cluster]:
    """A PostgreSQL of one test's own with the catalogue in it, whatever the others run on; request it first."""
    cluster = postgres.Cluster()
    cluster.start()
    monkeypatch.setattr(get_settings(), "database_url", cluster.url)
    get_engine.cache_clear()
    migrate()
    yield cluster
    get_engine().dispose()
    get_engine.cache_clear()
    cluster.remove()


@pytest.fixture(scope="session")
def redis_server(data_dir: Path) -> Iterator[None]:
    """A real Redis on the embedded default's socket."""
    settings = get_settings()
    command = embedded_redis.server_command(embedded_redis.find_server(), data_dir / "redis", settings.redis_socket)
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    factories.wait_until(settings.redis_socket.exists, of=server)
    factories.wait_until(lambda: get_redis().ping(), of=server)
    yield
    server.terminate()
    server.wait()


@pytest.fixture
def redis(redis_server: None) -> None:
    """An empty Redis."""
    get_redis().flushall()


@pytest.fixture
def real_limits(db: None, redis: None) -> None:
    """The rate limits that the code has."""
    with transaction() as session:
        session.execute(sa.delete(RateLimitSettings))


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A real S3 server, for the tests that ask for it."""
    with running_s3_server() as server:
        yield server


@pytest.fixture
def stoppable_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoppableRedis]:
    """A Redis that is running, and that the test may stop and start."""
    folder = Path(tempfile.mkdtemp(prefix="funmagic-redis-"))
    server = StoppableRedis(folder)
    monkeypatch.setattr(get_settings(), "redis_url", f"unix://{server.socket}")
    get_redis.cache_clear()
    server.start()
    yield server
    server.stop()
    get_redis.cache_clear()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def models(data_dir: Path) -> Path:
    """The model weights, fetched once for all test processes of this checkout."""
    fetch_models(PROJECT / ".data" / "models")
    (data_dir / "models").symlink_to(PROJECT / ".data" / "models")
    return data_dir / "models"


@pytest.fixture
def mailbox(db: None) -> Mailbox:
    """The development mailbox, empty; reading it first sends whatever mail is due, as workers do."""
    return Mailbox()


@pytest.fixture
def alice(db: None) -> Viewer:
    """A user with 100 welcome credits."""
    return factories.make_user("alice")


@pytest.fixture
def bob(db: None) -> Viewer:
    """Another user with 100 welcome credits."""
    return factories.make_user("bob")


@pytest.fixture
def ann(db: None) -> Viewer:
    """An admin."""
    return factories.make_user("ann", Role.ADMIN)


@pytest.fixture
def api() -> FastAPI:
    """The API that tests share."""
    return shared_api()


@pytest.fixture
def client(api: FastAPI, db: None, redis: None) -> Iterator[TestClient]:
    """A browser-like client of the API, not signed in."""
    with TestClient(api, base_url="http://localhost:3999") as client:
        yield client


@pytest.fixture
def alice_client(alice: Viewer, client: TestClient) -> TestClient:
    """Alice's browser, signed in."""
    return factories.sign_in(client, alice)


@pytest.fixture
def bob_client(api: FastAPI, bob: Viewer, redis: None) -> TestClient:
    """Bob's browser, signed in, with cookies of its own."""
    return factories.sign_in(TestClient(api, base_url="http://localhost:3999"), bob)
