"""Who the emulated Stripe lets in, keys of idempotency, and how it misbehaves, as Stripe's own SDK meets that."""

import threading

import httpx
import pytest
import stripe

from tests.emulators.purchases import buy, client_of
from tests.emulators.stripe import KEY
from tests.factories import run_together, wait_until


def test_a_key_answers_one_request_and_no_other(account, client):
    options = {"idempotency_key": "order-1"}
    first, second = buy(client, options), buy(client, options)
    assert first.id == second.id
    assert first.last_response.headers.get("idempotent-replayed") is None
    assert second.last_response.headers["idempotent-replayed"] == "true"
    assert first.last_response.request_id != second.last_response.request_id
    with pytest.raises(stripe.IdempotencyError) as refused:
        buy(client, options, client_reference_id="payment-2")
    assert refused.value.http_status == 400
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({}, options)
    assert len(account.things("checkout.session")) == 1


def test_a_key_of_a_request_that_was_refused_may_be_used_again(account, client):
    with pytest.raises(stripe.InvalidRequestError):
        buy(client, {"idempotency_key": "order-1"}, client_reference_id="x" * 201)
    assert buy(client, {"idempotency_key": "order-1"}).status == "open"


def test_a_key_is_in_use_while_its_request_is_under_way(account, client):
    gate = threading.Semaphore(0)
    account.script("held", gate=gate)
    held = threading.Thread(target=buy, args=(client_of(account), {"idempotency_key": "order-1"}))
    held.start()
    wait_until(lambda: "order-1" in account.api.idempotency.saved)
    with pytest.raises(stripe.APIError) as refused:
        buy(client, {"idempotency_key": "order-1"})
    gate.release()
    held.join()
    assert refused.value.http_status == 409
    assert refused.value.json_body["error"]["code"] == "idempotency_key_in_use"
    assert len(account.things("checkout.session")) == 1


def test_many_at_once_with_one_key_make_one_session(account):
    made = run_together(8, lambda: buy(client_of(account, retries=8), {"idempotency_key": "order-1"}).id)
    assert len(set(made)) == len(account.things("checkout.session")) == 1


@pytest.mark.parametrize(
    ("fault", "error", "made"),
    [
        ("server-error", stripe.APIError, 0),
        ("gateway", stripe.APIError, 0),
        ("rate-limited", stripe.RateLimitError, 0),
        ("reset", stripe.APIConnectionError, 0),
        ("answer-lost", stripe.APIConnectionError, 1),
        ("failed-after", stripe.APIError, 1),
        ("malformed", stripe.APIError, 1),
        ("silence", stripe.APIConnectionError, 1),
    ],
)
def test_faults_happen_before_or_after_the_work_is_done(account, fault, error, made):
    account.script(fault, on="POST /v1/checkout")
    client_of(account).v1.customers.create({})
    with pytest.raises(error):
        buy(client_of(account, timeout=1 if fault == "silence" else 30))
    wait_until(lambda: account.api.dealt[fault])
    assert len(account.things("checkout.session")) == made
    assert (len(account.requests), account.api.dealt[fault]) == (2, 1)


@pytest.mark.parametrize("fault", ["server-error", "reset", "answer-lost", "failed-after"])
def test_the_sdk_tries_again_with_its_key_and_no_fault_makes_two_sessions(account, fault):
    account.script(fault)
    buy(client_of(account, retries=2))
    assert len(account.things("checkout.session")) == 1
    assert account.requests[0]["key"] == account.requests[1]["key"] != ""


def test_a_saved_failure_is_what_its_key_answers_from_then_on(account, client):
    account.script("server-error", saved=True)
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            buy(client, {"idempotency_key": "order-1"})
    assert failed.value.headers["idempotent-replayed"] == "true"
    assert account.things("checkout.session") == []


def test_only_the_key_of_the_account_is_let_in(account):
    with pytest.raises(stripe.AuthenticationError) as refused:
        client_of(account, "sk_test_other").v1.customers.create({})
    assert refused.value.http_status == 401
    assert refused.value.request_id.startswith("req_")
    assert httpx.get(f"{account.url}/v1/customers").json()["error"]["type"] == "invalid_request_error"


def test_answers_name_the_version_that_was_asked_for_and_unknown_paths_are_refused(account, client):
    headers = client.v1.customers.create({}).last_response.headers
    assert headers["stripe-version"] == stripe.api_version
    answer = httpx.get(f"{account.url}/v1/toys", headers={"Authorization": f"Bearer {KEY}"})
    assert (answer.status_code, "Unrecognized request URL" in answer.json()["error"]["message"]) == (404, True)
