import json

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.models.users import Account
from funmagic.sessions.viewer import Viewer
from funmagic.tasks import lifecycle
from tests import factories
from tests.factories import PASSWORD_HASH

pytestmark = pytest.mark.both_databases


def test_an_export_holds_everything_of_ones_own_and_no_secret(
    alice: Viewer, bob: Viewer, alice_client: TestClient
) -> None:
    task = factories.submit(alice)
    factories.submit(bob)
    with transaction() as session:
        lifecycle.cancel_task(session, task.id)
    payment_id = factories.make_payment(alice)
    answer = alice_client.get("/api/profile/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="funmagic-data.json"'
    assert answer.headers["cache-control"] == "no-store"
    data = answer.json()
    assert (data["profile"]["id"], data["profile"]["email"]) == (alice.id, "alice@example.com")
    assert [way["provider"] for way in data["waysIn"]] == ["credential"]
    assert len(data["sessions"]) == 1
    assert [run["id"] for run in data["tasks"]] == [task.id]
    assert (data["tasks"][0]["tool"], data["tasks"][0]["errorCode"]) == ("background-remove", "CANCELLED")
    assert [asset["filename"] for asset in data["assets"]] == ["photo.jpg"]
    assert alice_client.get(data["assets"][0]["url"]).status_code == 200
    assert {line["type"] for line in data["transactions"]} == {"welcome", "reservation", "release"}
    assert data["credits"]["available"] == 100
    [payment] = data["payments"]
    assert (payment["id"], payment["amountCents"], payment["credits"]) == (payment_id, 1000, 100)
    text = json.dumps(data)
    with reading() as session:
        hashes = session.exec(select(Account.password_hash)).all()
    assert PASSWORD_HASH in hashes
    assert not [secret for secret in (*hashes, "tokenHash", "passwordHash", bob.id, "bob@") if secret in text]
    assert not [name for name in ("provider_job", "leaseToken", "idempotency", "storageKey", "options") if name in text]


def test_a_visitor_exports_nothing(client: TestClient) -> None:
    assert client.get("/api/profile/export").status_code == 401
