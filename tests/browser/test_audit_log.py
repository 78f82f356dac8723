"""The audit log in the dashboard: what admins look for is in the address, and nobody else sees that it is there."""

from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from admin.listing import PAGE
from tests.browser.product import Product
from tests.browser.profiles import DESKTOP, ON_A_PHONE, fresh_profile
from tests.browser.steps import TOOL, assert_accessible, expect_within_width, sign_in, sign_up

AUDIT_LOG = "/dashboard/audit-log"


def become_super_admin(context: BrowserContext, product: Product) -> str:
    """Make a new account, with all rights, for this profile; returns the email."""
    email = sign_up(context)
    product.query("UPDATE users SET role = 'super_admin' WHERE email = :email RETURNING id", email=email)
    context.clear_cookies()
    sign_in(context, email)
    return email


def give_credits(context: BrowserContext, email: str, times: int) -> None:
    """Do this many acts to somebody."""
    for number in range(times):
        body = {"email": email, "amount": number + 1, "kind": "bonus", "reason": f"Gift {number}"}
        headers = {"Idempotency-Key": f"{email} {number}"}
        answer = context.request.post("/api/admin/billing/credits", data=body, headers=headers)
        assert answer.status == 200, answer.text()


def rows(page: Page) -> Locator:
    """The lines of the log, without its headings."""
    return page.locator("tbody tr")


def account_button(page: Page) -> Locator:
    """What opens the menu of whoever is signed in."""
    return page.get_by_role("button", name="Mia Chen")


def test_a_super_admin_filters_sorts_pages_and_shares_the_address(
    page: Page, context: BrowserContext, elsewhere: Page, product: Product
) -> None:
    email = sign_up(elsewhere.context)
    admin = become_super_admin(context, product)
    give_credits(context, email, PAGE + 2)
    page.goto(AUDIT_LOG)
    page.get_by_label("Done by").fill(admin)
    page.get_by_label("Done by").press("Enter")
    expect(page.get_by_role("link", name="Show everything")).to_be_visible()
    expect(rows(page)).to_have_count(PAGE)
    expect(rows(page).first).to_contain_text(f"Gift {PAGE + 1}")

    page.get_by_role("link", name="Next page").click()
    expect(rows(page)).to_have_count(2)
    expect(rows(page).last).to_contain_text("Gift 0")
    page.go_back()
    expect(rows(page)).to_have_count(PAGE)

    page.get_by_label("Done to").fill(email)
    page.get_by_label("Order").select_option("Oldest first")
    page.get_by_role("button", name="Filter").click()
    expect(rows(page).first).to_contain_text("Gift 0")
    rows(page).first.get_by_text("Show").click()
    expect(rows(page).first.locator("pre")).to_contain_text('"amount": 1')

    become_super_admin(elsewhere.context, product)
    elsewhere.goto(page.url)
    expect(elsewhere.get_by_label("Done by")).to_have_value(admin)
    expect(elsewhere.get_by_label("Order")).to_have_value("oldest")
    expect(rows(elsewhere).first).to_contain_text("Gift 0")
    elsewhere.get_by_label("Action").fill("no such thing")
    elsewhere.get_by_role("button", name="Filter").click()
    expect(elsewhere.get_by_role("heading", name="Nothing matches")).to_be_visible()
    elsewhere.get_by_role("link", name="Show everything").first.click()
    expect(elsewhere.get_by_label("Done by")).to_have_value("")
    expect(rows(elsewhere)).to_have_count(PAGE)
    elsewhere.goto(f"{AUDIT_LOG}?cursor=cut-off")
    expect(elsewhere.get_by_role("heading", name="There is no such page")).to_be_visible()


def test_a_super_admin_finds_the_way_in_and_back_and_signs_out(
    page: Page, context: BrowserContext, product: Product
) -> None:
    become_super_admin(context, product)
    page.goto(TOOL)
    account_button(page).click()
    page.get_by_role("link", name="Dashboard").click()
    expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
    account_button(page).click()
    page.get_by_role("link", name="Back to the site").click()
    expect(page.get_by_role("heading", name="A little magic for every photo.")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Audit log")).to_be_visible()
    account_button(page).click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{product.url}/")
    expect(page.get_by_role("link", name="Start free")).to_be_visible()
    page.goto(AUDIT_LOG)
    page.wait_for_url("**/login?next=/dashboard/audit-log")


def test_members_see_nothing_and_visitors_sign_in_first(page: Page, context: BrowserContext) -> None:
    page.goto(f"{AUDIT_LOG}?action=credits")
    page.wait_for_url("**/login?next=/dashboard/audit-log%3Faction%3Dcredits")
    sign_up(context)
    page.goto(TOOL)
    account_button(page).click()
    expect(page.get_by_role("link", name="Profile")).to_be_visible()
    expect(page.get_by_role("link", name="Dashboard")).to_have_count(0)
    page.goto(AUDIT_LOG)
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    expect(page.locator("table, form, .dashboard-link, .account")).to_have_count(0)
    expect(page.locator('meta[name="robots"]')).to_have_attribute("content", "noindex")


@pytest.mark.parametrize(
    "look",
    [{**size, "color_scheme": scheme} for size in ({"viewport": DESKTOP}, ON_A_PHONE) for scheme in ("light", "dark")],
    ids=["desktop-light", "desktop-dark", "phone-light", "phone-dark"],
)
def test_it_can_be_used_on_every_screen(chromium: Browser, product: Product, look: dict[str, Any]) -> None:
    with fresh_profile(chromium, product.url, **look) as context:
        page = context.new_page()
        give_credits(context, become_super_admin(context, product), 2)
        page.goto(AUDIT_LOG)
        expect(rows(page).first).to_contain_text("Gift 1")
        rows(page).first.get_by_text("Show").click()
        expect_within_width(page)
        assert_accessible(page, "the audit log")
