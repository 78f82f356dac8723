"""What admins ask for over HTTP, and operators at the command line."""

import json

import pytest
from typer.testing import CliRunner

from funmagic import paths
from funmagic.cli import app
from tests.factories import balance_of, sign_in
from tests.funmagic.credits.runs import acts, charged


@pytest.fixture
def ann_client(ann, client):
    return sign_in(client, ann)


def post_credits(client, key="key", **body):
    asked = {"amount": 50, "kind": "bonus", "reason": "A gift"} | body
    return client.post(f"{paths.API_ADMIN_BILLING}/credits", json=asked, headers={"Idempotency-Key": key})


def test_an_admin_gives_credits_by_email_over_http_once(ann_client, alice):
    for _ in range(2):
        answer = post_credits(ann_client, email=" Alice@Example.com")
        assert answer.status_code == 200, answer.text
        correction = answer.json()["correction"]
        assert (correction["userId"], correction["amount"], correction["balanceAfter"]) == (alice.id, 50, 150)
    answer = post_credits(ann_client, email=alice.email, amount=51)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "IDEMPOTENCY_CONFLICT")


def test_an_admin_adjusts_a_balance_by_id_over_http(ann_client, alice):
    answer = post_credits(ann_client, userId=alice.id, kind="adjustment", amount=-30)
    assert answer.json()["correction"]["type"] == "admin_adjust"
    answer = post_credits(ann_client, "other", userId=alice.id, kind="adjustment", amount=-71)
    assert (answer.status_code, answer.json()["error"]["code"]) == (402, "INSUFFICIENT_CREDITS")
    assert balance_of(alice).balance == 70


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"amount": 1.5}, 422),
        ({"amount": True}, 422),
        ({"amount": "5"}, 422),
        ({"amount": 0}, 400),
        ({"amount": 10**12}, 400),
        ({"amount": -5}, 400),
        ({"kind": "purchase"}, 422),
        ({"reason": " "}, 422),
        ({"reason": "\ud800"}, 422),
        ({"reason": "x" * 201}, 422),
        ({"email": "alice@example.com"}, 422),
        ({"userId": None}, 422),
        ({"userId": "nobody"}, 404),
        ({"price": 5}, 422),
    ],
)
def test_a_request_that_does_not_fit_changes_nothing(ann_client, alice, change, status):
    body = {"userId": alice.id} | change
    text = json.dumps({"amount": 50, "kind": "bonus", "reason": "A gift"} | body)
    headers = {"Idempotency-Key": "key", "Content-Type": "application/json"}
    answer = ann_client.post(f"{paths.API_ADMIN_BILLING}/credits", content=text, headers=headers)
    assert answer.status_code == status, answer.text
    assert acts() == []


def test_a_key_has_to_be_sent(ann_client, alice):
    body = {"userId": alice.id, "amount": 5, "kind": "bonus", "reason": "A gift"}
    assert ann_client.post(f"{paths.API_ADMIN_BILLING}/credits", json=body).status_code == 422
    assert acts() == []


def test_an_admin_refunds_a_run_over_http(ann_client, alice):
    task_id = charged(alice)
    address, headers = f"{paths.API_ADMIN_BILLING}/tasks/{task_id}/refund", {"Idempotency-Key": "key"}
    for _ in range(2):
        answer = ann_client.post(address, json={"reason": "It was blurred"}, headers=headers)
        assert (answer.status_code, answer.json()["correction"]["amount"]) == (200, 20)
    answer = ann_client.post(address, json={"reason": "Again", "amount": 1}, headers={"Idempotency-Key": "other"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "REFUND_TOO_LARGE")
    assert answer.json()["error"]["details"] == {"left": 0}


def test_the_command_line_gives_credits_in_nobodys_name(redis, alice):
    arguments = ["grant-credits", alice.email, "25", "--reason", "Welcome back", "--idempotency-key", "once"]
    for _ in range(2):
        result = CliRunner().invoke(app, arguments)
        assert (result.exit_code, result.output) == (0, "alice@example.com was given 25 credits and has 125 now.\n")
    [act] = acts()
    assert (act.actor_id, act.reason) == (None, "Welcome back")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nobody@example.com", "5", "--reason", "x"], 1),
        (["alice@example.com", "0", "--reason", "x"], 1),
        (["alice@example.com", "5", "--reason", " "], 1),
        (["alice@example.com", "5"], 2),
        (["alice@example.com", "1.5", "--reason", "x"], 2),
    ],
)
def test_the_command_line_says_what_does_not_fit(alice, arguments, code):
    result = CliRunner().invoke(app, ["grant-credits", *arguments])
    assert result.exit_code == code
    assert balance_of(alice).balance == 100
