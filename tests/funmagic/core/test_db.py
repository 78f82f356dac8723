from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlmodel import col, select

from funmagic.core.db import after_commit, get_engine, reading, snapshot, transaction
from funmagic.models.users import User
from funmagic.sessions.viewer import Viewer
from tests.postgres import Cluster

pytestmark = pytest.mark.both_databases


def setting(name: str) -> str:
    question = "PRAGMA" if get_engine().dialect.name == "sqlite" else "SHOW"
    with get_engine().connect() as connection:
        return str(connection.exec_driver_sql(f"{question} {name}").scalar_one())


def test_nobody_waits_for_the_database_for_ever(db: None) -> None:
    if get_engine().dialect.name == "sqlite":
        assert (setting("journal_mode"), setting("busy_timeout")) == ("wal", "15000")
    else:
        assert (setting("statement_timeout"), setting("lock_timeout")) == ("15s", "5s")
        assert setting("idle_in_transaction_session_timeout") == "1min"


def test_reading_and_then_writing_is_never_refused_by_another_writer(alice: Viewer) -> None:
    together = Barrier(8)

    def rename(number: int) -> None:
        together.wait()
        with transaction() as session:
            user = session.exec(select(User).where(User.id == alice.id)).one()
            user.name = f"Alice {number}"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(rename, range(8)))


def test_a_reader_sees_the_last_commit_while_a_writer_is_busy(alice: Viewer) -> None:
    with transaction() as session:
        session.execute(sa.update(User).where(col(User.id) == alice.id).values(name="Not yet"))
        with reading() as reader:
            assert reader.get_one(User, alice.id).name == "Alice"


def test_a_snapshot_sees_one_moment_and_lets_others_write(alice: Viewer, bob: Viewer) -> None:
    with snapshot() as session:
        names = session.exec(select(User.name).order_by(User.name)).all()
        with transaction() as other:
            other.execute(sa.update(User).values(name="Somebody"))
        assert session.exec(select(User.name).order_by(User.name)).all() == names == ["Alice", "Bob"]
    with reading() as session:
        assert set(session.exec(select(User.name))) == {"Somebody"}


def test_what_follows_a_commit_does_not_follow_a_rollback(db: None) -> None:
    followed: list[str] = []

    def fail() -> None:
        with transaction() as session:
            after_commit(session, lambda: followed.append("never"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with transaction() as session:
        after_commit(session, lambda: followed.append("then"))
        assert followed == []
    assert followed == ["then"]


def test_a_database_that_is_away_is_told_in_plain_words(
    stoppable_postgresql: Cluster, alice_client: TestClient
) -> None:
    stoppable_postgresql.stop()
    answer = alice_client.get("/api/credits/balance")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "DATABASE_UNAVAILABLE")
    assert answer.headers["Retry-After"]
    stoppable_postgresql.resume()
    assert alice_client.get("/api/credits/balance").json()["available"] == 100


def test_connections_cut_while_idle_are_replaced_before_anybody_notices(
    stoppable_postgresql: Cluster, alice_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("funmagic.core.db.PING_AFTER_S", 0)
    assert alice_client.get("/api/credits/balance").is_success
    stoppable_postgresql.cut_connections()
    assert alice_client.get("/api/credits/balance").is_success


def test_a_connection_cut_while_busy_costs_one_answer_and_no_more(
    stoppable_postgresql: Cluster, alice_client: TestClient
) -> None:
    assert alice_client.get("/api/credits/balance").is_success
    stoppable_postgresql.cut_connections()
    answers = [alice_client.get("/api/credits/balance").status_code for _ in range(3)]
    assert answers[1:] == [200, 200]
    assert answers[0] in (200, 503)
