"""The ledger as a table: all of it, nobody else's, and nothing in it that a spreadsheet would run."""

import csv
import io

import pytest

from funmagic.core.db import transaction
from funmagic.credits import ledger
from tests.funmagic.credits.runs import confirm, reserve

pytestmark = pytest.mark.both_databases

ADDRESS = "/api/credits/transactions.csv"


def table(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_every_line_is_in_the_table_newest_first(alice, alice_client):
    task_id = reserve(alice, 5)
    confirm(task_id)
    answer = alice_client.get(ADDRESS)
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    usage, hold, welcome = table(answer)
    assert (usage["Type"], usage["Amount"], usage["Held"], usage["Balance after"]) == ("usage", "-5", "-5", "95")
    assert (hold["Type"], hold["Task"]) == ("reservation", task_id)
    assert hold["Tool"]
    assert (welcome["Type"], welcome["Task"]) == ("welcome", "")


def test_a_type_picks_its_lines(alice, alice_client):
    confirm(reserve(alice, 5))
    assert [row["Type"] for row in table(alice_client.get(ADDRESS, params={"type": "usage"}))] == ["usage"]
    assert alice_client.get(ADDRESS, params={"type": "gift"}).status_code == 422


def test_a_long_ledger_is_read_piece_by_piece_and_whole(alice, alice_client, monkeypatch):
    monkeypatch.setattr("funmagic.credits.export.LINES_AT_ONCE", 2)
    for _ in range(3):
        confirm(reserve(alice, 1))
    rows = table(alice_client.get(ADDRESS))
    assert [int(row["Balance after"]) for row in rows] == [97, 98, 98, 99, 99, 100, 100]


@pytest.mark.parametrize("words", ['=HYPERLINK("http://evil")', "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\r=1"])
def test_words_that_a_spreadsheet_would_run_are_plain_text(alice, alice_client, words):
    with transaction() as session:
        ledger.adjust(session, alice.id, 1, key="a", description=words)
    assert table(alice_client.get(ADDRESS))[0]["Description"].startswith("'")


def test_the_table_is_nobody_elses(alice, bob_client, client):
    reserve(alice, 5)
    assert [row["Type"] for row in table(bob_client.get(ADDRESS))] == ["welcome"]
    client.cookies.clear()
    assert client.get(ADDRESS).status_code == 401
