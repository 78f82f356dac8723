"""Beginning to buy: our price, one customer per user, one checkout per key, and nothing open while Stripe is asked."""

import pytest
from sqlmodel import select

from funmagic import paths
from funmagic.billing.checkout import start_checkout
from funmagic.billing.errors import PackageUnavailable, PaymentsNotSetUp, PaymentsUnavailable
from funmagic.core.db import reading, transaction
from funmagic.core.errors import IdempotencyConflict
from funmagic.models.base import new_id
from funmagic.models.billing import CreditPackage, Payment
from funmagic.models.users import User
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.emulators.stripe import StripeEmulator
from tests.funmagic.billing.shop import WELCOMED, load, package_id
from tests.funmagic.credits.balances import balances_of

pytestmark = pytest.mark.both_databases

CHECKOUT = paths.API_CREDITS + "/checkout"
SESSIONS = "POST /v1/checkout/sessions"


def asked(stripe: StripeEmulator, place: str = "/v1/checkout/sessions") -> list[dict]:
    return [one for one in stripe.requests if one["method"] == "POST" and one["path"] == place]


def sessions_of(stripe: StripeEmulator) -> list[dict]:
    return stripe.things("checkout.session")


def customer_of(viewer: Viewer) -> str | None:
    with reading() as session:
        return session.get_one(User, viewer.id).stripe_customer_id


def payments() -> list[Payment]:
    with reading() as session:
        return list(session.exec(select(Payment)).all())


def test_a_checkout_is_for_our_price_and_names_our_payment(shop, alice):
    payment = shop.open(alice, return_path="/tools/figme")
    params = asked(shop.stripe)[0]["params"]
    hosted = shop.stripe.find("checkout.session", payment.stripe_session_id)
    assert (payment.status, payment.amount_cents, payment.credits, payment.bonus_credits) == ("open", 2499, 300, 30)
    assert (hosted["amount_total"], hosted["currency"], hosted["client_reference_id"]) == (2499, "usd", payment.id)
    ours = {"payment_id": payment.id, "user_id": alice.id, "package_id": payment.package_id}
    assert params["metadata"] == params["payment_intent_data"]["metadata"] == ours
    assert params["invoice_creation"]["enabled"] == "true"
    assert params["success_url"] == "http://localhost:3999/checkout/success?session_id={CHECKOUT_SESSION_ID}"
    assert params["cancel_url"] == "http://localhost:3999/tools/figme"
    assert params["line_items"][0]["price_data"]["product_data"]["name"] == "FunMagic – Creator"
    assert balances_of(alice) == WELCOMED


def test_a_package_may_name_its_product_at_stripe(shop, alice):
    product = shop.stripe.add({"id": "prod_1", "object": "product", "name": "Creator"})
    with transaction() as session:
        session.get_one(CreditPackage, package_id("Creator")).stripe_product_id = product["id"]
    shop.open(alice)
    assert asked(shop.stripe)[0]["params"]["line_items"][0]["price_data"]["product"] == "prod_1"


@pytest.mark.parametrize("more", [{"priceCents": 1}, {"amount": 1}, {"credits": 9999}, {"currency": "jpy"}])
def test_nobody_names_a_price(shop, alice, more):
    factories.sign_in(shop.client, alice)
    answer = shop.client.post(CHECKOUT, json={"packageId": package_id("Creator"), **more})
    assert answer.status_code == 422
    assert payments() == []


def test_the_answer_is_where_to_pay(shop, alice):
    factories.sign_in(shop.client, alice)
    answer = shop.client.post(CHECKOUT, json={"packageId": package_id("Starter")})
    assert answer.status_code == 200
    assert answer.json() == {"url": sessions_of(shop.stripe)[0]["url"]}


def test_only_people_who_are_signed_in_buy(shop):
    assert shop.client.post(CHECKOUT, json={"packageId": package_id("Starter")}).status_code == 401


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example", "/\\evil.example", "/api/auth/sign-out"])
def test_nobody_is_sent_elsewhere_by_the_way_back(shop, alice, path):
    shop.open(alice, return_path=path)
    assert asked(shop.stripe)[0]["params"]["cancel_url"] == "http://localhost:3999/tools"


def test_without_a_way_back_it_leads_to_the_prices(shop, alice):
    shop.open(alice)
    assert asked(shop.stripe)[0]["params"]["cancel_url"] == "http://localhost:3999/pricing"


def test_a_buyer_becomes_one_customer(shop, alice, bob):
    for viewer in (alice, alice, bob):
        shop.open(viewer)
    customers = shop.stripe.things("customer")
    assert {(one["email"], one["metadata"]["user_id"]) for one in customers} == {
        (alice.email, alice.id),
        (bob.email, bob.id),
    }
    assert len(customers) == 2
    assert sessions_of(shop.stripe)[-1]["customer"] == customer_of(alice)


def test_a_buyer_who_begins_eight_times_at_once_is_one_customer(shop, alice):
    begun = factories.run_together(8, lambda: shop.open(alice))
    assert {payment.status for payment in begun} == {"open"}
    assert len(shop.stripe.things("customer")) == 1
    assert {one["customer"] for one in sessions_of(shop.stripe)} == {customer_of(alice)}


def test_a_customer_who_was_deleted_at_stripe_is_made_again(shop, alice):
    shop.open(alice)
    gone = customer_of(alice)
    shop.stripe.api.resources.answer("DELETE", f"/v1/customers/{gone}", {})
    payment = shop.open(alice)
    assert customer_of(alice) != gone
    assert shop.stripe.find("checkout.session", payment.stripe_session_id)["customer"] == customer_of(alice)


def test_a_customer_who_was_deleted_is_made_again_once_for_four_at_once(shop, alice):
    shop.open(alice)
    shop.stripe.api.resources.answer("DELETE", f"/v1/customers/{customer_of(alice)}", {})
    begun = factories.run_together(4, lambda: shop.open(alice))
    assert {payment.status for payment in begun} == {"open"}
    assert len([one for one in shop.stripe.things("customer") if not one.get("deleted")]) == 1


def test_the_same_key_is_the_same_checkout(shop, alice):
    begun = [start_checkout(alice, package_id("Creator"), idempotency_key="k") for _ in range(3)]
    assert len(set(begun)) == len(sessions_of(shop.stripe)) == len(payments()) == 1


def test_the_same_key_at_once_is_the_same_checkout(shop, alice):
    package = package_id("Creator")
    begun = factories.run_together(8, lambda: start_checkout(alice, package, idempotency_key="k"))
    assert len(set(begun)) == len(sessions_of(shop.stripe)) == len(payments()) == 1


def test_the_same_key_is_another_checkout_for_somebody_else(shop, alice, bob):
    begun = [start_checkout(viewer, package_id("Creator"), idempotency_key="k") for viewer in (alice, bob)]
    assert len(set(begun)) == 2


def test_the_same_key_for_another_package_is_refused(shop, alice):
    factories.sign_in(shop.client, alice)
    asks = [
        shop.client.post(CHECKOUT, json={"packageId": package_id(name)}, headers={"Idempotency-Key": "k"})
        for name in ("Creator", "Studio")
    ]
    assert [answer.status_code for answer in asks] == [200, 409]
    assert asks[1].json()["error"]["code"] == IdempotencyConflict.code
    assert len(sessions_of(shop.stripe)) == 1


def test_the_same_key_leads_to_its_checkout_though_the_package_is_gone(shop, alice):
    package = package_id("Creator")
    first = start_checkout(alice, package, idempotency_key="k")
    with transaction() as session:
        session.get_one(CreditPackage, package).is_active = False
    assert start_checkout(alice, package, idempotency_key="k") == first


def test_what_is_not_for_sale_cannot_be_bought(shop, alice):
    with transaction() as session:
        session.get_one(CreditPackage, package_id("Creator")).is_active = False
    for package in (package_id("Creator"), new_id(), "no-such-package"):
        with pytest.raises(PackageUnavailable):
            start_checkout(alice, package)
    assert payments() == []


def test_without_stripe_nothing_can_be_bought(client, alice):
    factories.sign_in(client, alice)
    answer = client.post(CHECKOUT, json={"packageId": package_id("Creator")})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, PaymentsNotSetUp.code)
    assert payments() == []
    assert client.get(paths.API_CREDITS + "/packages").status_code == 200


@pytest.mark.parametrize("fault", ["reset", "server-error", "gateway", "malformed"])
def test_while_stripe_is_away_nothing_is_charged_and_the_same_key_works_later(shop, alice, fault):
    factories.sign_in(shop.client, alice)
    ask = {"json": {"packageId": package_id("Creator")}, "headers": {"Idempotency-Key": "k"}}
    shop.stripe.script(*[fault] * 3, on=SESSIONS)
    answer = shop.client.post(CHECKOUT, **ask)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, PaymentsUnavailable.code)
    assert answer.headers["Retry-After"] == "30"
    assert balances_of(alice) == WELCOMED
    shop.stripe.api.faults.clear()
    assert shop.client.post(CHECKOUT, **ask).status_code == 200
    assert len(payments()) == len(sessions_of(shop.stripe)) == 1


def test_stripe_that_refuses_us_is_away_to_people(shop, alice, set_up):
    set_up(stripe_secret_key="sk_test_of_nobody")
    with pytest.raises(PaymentsUnavailable):
        start_checkout(alice, package_id("Creator"))


def test_a_lost_answer_is_asked_for_again_under_one_key(shop, alice):
    shop.stripe.script("answer-lost", on=SESSIONS)
    payment = shop.open(alice)
    keys = {one["key"] for one in asked(shop.stripe)}
    assert len(asked(shop.stripe)) == 2
    assert len(keys) == len(sessions_of(shop.stripe)) == 1
    assert payment.stripe_session_id == sessions_of(shop.stripe)[0]["id"]


def test_words_that_changed_after_a_lost_answer_are_no_conflict(shop, alice):
    shop.stripe.script("answer-lost", "reset", "reset", on=SESSIONS)
    with pytest.raises(PaymentsUnavailable):
        start_checkout(alice, package_id("Creator"), idempotency_key="k")
    shop.stripe.add({"id": "prod_1", "object": "product", "name": "Creator"})
    with transaction() as session:
        session.get_one(CreditPackage, package_id("Creator")).stripe_product_id = "prod_1"
    begun = start_checkout(alice, package_id("Creator"), idempotency_key="k")
    hosted = shop.stripe.find("checkout.session", load(begun.payment_id).stripe_session_id)
    assert (hosted["url"], hosted["client_reference_id"]) == (begun.url, begun.payment_id)
