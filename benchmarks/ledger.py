"""Prints reserves and confirms a second on PostgreSQL, beside pgbench doing the same: `-m benchmarks.ledger`."""

import multiprocessing
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import dialect as postgresql

from benchmarks.machine import Figure, durable_postgresql, print_figures, use_database
from funmagic.core.db import transaction
from funmagic.core.redis import get_redis
from funmagic.core.settings import get_settings
from funmagic.credits import ledger
from funmagic.credits.posting import Entry
from funmagic.credits.statements import POST, SETTLE
from funmagic.models.credits import TransactionType
from funmagic.supervisor import embedded_redis
from tests.factories import wait_until
from tests.postgres import find_program

BARS = {1: 1000, 1000: 2500}
SECONDS = 5
CLIENTS = 8
TASKS = 80_000
# What differs from one pair to the next, in pgbench's words: the ledger's own statements are given it as parameters.
VARIABLES = """
\\set account random(1, :accounts)
\\set pair random(1, 1000000000000000)
"""
VARIED = {
    "b_id": "gen_random_uuid()",
    "b_created_at": "now()",
    "b_user_id": "'user' || :account",
    "b_task_id": "'task' || :account",
    "hold_key": "'reserve:' || :pair",
}
# Rich users user1…n, and for each pair a task of its own; pgbench uses the tasks task1…n again and again.
ACCOUNTS = """
INSERT INTO users (id, created_at, email, name, role, locale, theme, accent)
SELECT 'user' || n, now(), 'user' || n || '@example.com', 'User', 'user', 'en', 'system', ''
FROM generate_series(1, :accounts) n;
INSERT INTO credit_accounts (user_id, balance, reserved, lifetime_purchased, lifetime_used, lifetime_refunded)
SELECT id, 1000000, 0, 0, 0, 0 FROM users;
INSERT INTO tasks (id, created_at, user_id, tool_id, status, credits_cost, input, progress, attempts, enqueues,
                   idempotency_key, request_hash)
SELECT 'task' || n, now(), 'user' || 1 + (n - 1) % :accounts, (SELECT id FROM tools LIMIT 1), 'processing', 1, '{}',
       0, 1, 1, 'task' || n, '' FROM generate_series(1, :tasks) n;
"""


def main() -> None:
    """Measure one busy account and a thousand, ours and pgbench's, each on a durable server of its own."""
    figures = []
    for accounts, bar in BARS.items():
        with own_redis(), durable_postgresql() as url:
            with transaction() as session:
                for statement in ACCOUNTS.split(";")[:-1]:
                    session.execute(sa.text(statement), {"accounts": accounts, "tasks": TASKS})
            # A hold and its charge are two operations.
            floor, ours = 2 * run_pgbench(url, accounts), 2 * run_ours(url)
        what = f"reserve and confirm, {accounts} account{'s' * (accounts > 1)}"
        figures.append(Figure(what, ours, "a second", bar, floor, more_is_better=True))
    print_figures(figures)
    print("The floors are pgbench sending the same statements.")


@contextmanager
def own_redis() -> Iterator[None]:
    """A Redis for this process and those it starts: the ledger tells it of every change."""
    with tempfile.TemporaryDirectory(prefix="funmagic-bench-") as folder:
        socket = Path(folder) / "redis.sock"
        command = embedded_redis.server_command(embedded_redis.find_server(), Path(folder) / "data", socket)
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            os.environ["FUNMAGIC_REDIS_URL"] = f"unix://{socket}"
            get_settings.cache_clear()
            get_redis.cache_clear()
            wait_until(lambda: get_redis().ping())
            yield
        finally:
            server.terminate()
            server.wait()


def run_ours(url: str) -> float:
    """Pairs a second through the ledger's own functions, each in a transaction of its own, by eight processes."""
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(CLIENTS)
    with context.Pool(CLIENTS, initializer=_prepare, initargs=(url, together)) as pool:
        return sum(pool.map(_settle_for_a_while, range(CLIENTS), chunksize=1))


def run_pgbench(url: str, accounts: int) -> float:
    """Pairs a second by pgbench: the same two transactions from eight connections, with no Python in between."""
    command = [find_program("pgbench"), "--no-vacuum", f"--client={CLIENTS}", "--jobs=2", f"--time={SECONDS}"]
    command += ["--protocol=prepared", f"--define=accounts={accounts}", "--file=-", url]
    answer = subprocess.run(command, input=pgbench_script(), capture_output=True, text=True, check=True).stdout
    return next(float(line.split()[2]) for line in answer.splitlines() if line.startswith("tps"))


def pgbench_script() -> str:
    """The statements of a reserve and of its confirm, each in a transaction of its own."""
    hold = Entry(user_id="", type=TransactionType.RESERVATION, reserved_delta=1, idempotency_key="").values()
    reserve = _in_sql(POST, hold, VARIED | {"b_idempotency_key": VARIED["hold_key"]})
    charge = {"b_type": TransactionType.USAGE, "spends": 1}
    confirm = _in_sql(SETTLE, charge, VARIED | {"b_idempotency_key": "'settle:' || :pair"})
    return VARIABLES + "".join(f"BEGIN;\n{statement};\nCOMMIT;\n" for statement in (reserve, confirm))


def _in_sql(statement: sa.Select[Any], values: dict[str, Any], varied: dict[str, str]) -> str:
    """A statement as the driver sends it, with what it is given written into it."""
    compiled = statement.compile(dialect=postgresql())
    given = {name: values.get(name, value) for name, value in compiled.params.items()}
    return str(compiled) % {name: f"({varied.get(name) or _literal(value)})" for name, value in given.items()}


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else f"'{value}'"


def _prepare(url: str, together: object) -> None:
    global barrier  # noqa: PLW0603 - a barrier reaches a pool's processes only while they start
    barrier = together
    use_database(url)
    with transaction() as session:
        session.execute(sa.text("SELECT 1"))


def _settle_for_a_while(share: int) -> float:
    with transaction() as session:
        tasks = session.execute(sa.text("SELECT user_id, id FROM tasks")).all()[share::CLIENTS]
    barrier.wait()  # type: ignore[name-defined]
    started = time.monotonic()
    for done, (user_id, task_id) in enumerate(tasks):
        if time.monotonic() - started >= SECONDS:
            return done / SECONDS
        with transaction() as session:
            ledger.reserve(session, user_id, 1, task_id=task_id)
        with transaction() as session:
            ledger.confirm(session, task_id=task_id)
    raise RuntimeError("more tasks are needed to measure this machine")


if __name__ == "__main__":
    main()
