"""The billing portal: Stripe's own pages, for the viewer's own customer, and back to the profile."""

import pytest

from funmagic import paths
from funmagic.billing.errors import PaymentsUnavailable
from funmagic.billing.stripe.portal import open_portal
from funmagic.core.db import reading
from funmagic.models.users import User
from tests import factories

PORTAL = paths.API_BILLING + "/portal"


def portal_of(shop):
    return shop.stripe.things("billing_portal.session")[0]


def customer_of(viewer):
    with reading() as session:
        return session.get_one(User, viewer.id).stripe_customer_id


def test_the_portal_is_the_buyers_own_and_leads_back_to_the_profile(shop, alice, bob):
    shop.buy(alice)
    shop.buy(bob)
    factories.sign_in(shop.client, alice)
    answer = shop.client.post(PORTAL)
    portal = portal_of(shop)
    assert (answer.status_code, answer.json()) == (200, {"url": portal["url"]})
    assert (portal["customer"], portal["return_url"]) == (customer_of(alice), "http://localhost:3999/profile")


def test_who_never_bought_anything_has_a_portal_too(shop, alice):
    assert open_portal(alice) == portal_of(shop)["url"]
    assert portal_of(shop)["customer"] == customer_of(alice)
    shop.open(alice)
    assert len(shop.stripe.things("customer")) == 1


def test_a_customer_who_was_deleted_at_stripe_gets_another_portal(shop, alice):
    shop.open(alice)
    gone = customer_of(alice)
    shop.stripe.api.resources.answer("DELETE", f"/v1/customers/{gone}", {})
    assert open_portal(alice) == portal_of(shop)["url"]
    assert portal_of(shop)["customer"] == customer_of(alice) != gone


def test_while_stripe_is_away_there_is_no_portal(shop, alice):
    shop.stripe.script(*["server-error"] * 3)
    with pytest.raises(PaymentsUnavailable):
        open_portal(alice)


def test_without_stripe_there_is_no_portal(alice_client):
    answer = alice_client.post(PORTAL)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "PAYMENTS_NOT_SET_UP")


def test_a_visitor_has_no_portal(shop):
    assert shop.client.post(PORTAL).status_code == 401
