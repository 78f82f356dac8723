"""Everybody can use it: on a phone, by keyboard alone, with a screen reader, in the dark."""

from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.product import Product
from tests.browser.profiles import DESKTOP, ON_A_PHONE, fresh_profile
from tests.browser.steps import (
    TOOL,
    assert_accessible,
    choose_photo,
    expect_balance,
    expect_result,
    expect_within_width,
    press_run,
    run_button,
    sign_up,
)

IS_ON_PAGE = """name => [...document.querySelectorAll("a, button, input, label, [tabindex]")].some(
    (element) => (element.textContent + (element.ariaLabel ?? "")).includes(name)
)"""


@pytest.mark.parametrize(
    "look",
    [{"viewport": DESKTOP, "color_scheme": "light"}, {**ON_A_PHONE, "color_scheme": "dark"}],
    ids=["desktop-light", "phone-dark"],
)
def test_axe_finds_nothing_serious_anywhere_and_nothing_sticks_out(
    chromium: Browser, product: Product, look: dict[str, Any]
) -> None:
    with fresh_profile(chromium, product.url, **look) as context:
        page = context.new_page()
        _check_every_page(page)
        _check_the_dialog(page)
        sign_up(context)
        page.reload()
        with product.workers_paused():
            press_run(page)
            expect(page.get_by_text("In line")).to_be_visible()
            _check_page(page, "a waiting run")
        expect_result(page)
        _check_page(page, "a result")


def _check_every_page(page: Page) -> None:
    for address, landmark in (
        ("/", "A little magic for every photo."),
        ("/tools", "Tools"),
        ("/pricing", "Credits, and what they cost"),
        ("/login", "Welcome back"),
        ("/register", "Create your account"),
        ("/forgot-password", "Forgot your password?"),
        ("/reset-password?token=old", "Choose a new password"),
        ("/verify-email?token=old", "Confirm your email"),
        ("/api/auth/magic-link/verify?token=old", "This link no longer works"),
        ("/nowhere", "There is nothing here"),
        (TOOL, "Background Remove"),
    ):
        page.goto(address)
        expect(page.get_by_role("heading", name=landmark).first).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        _check_page(page, address)


def _check_the_dialog(page: Page) -> None:
    choose_photo(page)
    expect(run_button(page)).to_be_enabled()
    _check_page(page, "a chosen photo")
    run_button(page).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    _check_page(page, "the sign-in dialog")
    dialog.get_by_role("button", name="Create an account").click()
    dialog.get_by_label("Password", exact=True).press_sequentially("summer")
    expect(dialog.locator(".strength-word")).not_to_be_empty()
    _check_page(page, "signing up in the dialog")
    dialog.get_by_role("button", name="Sign in instead").click()
    _check_page(page, "signing in with a password")
    dialog.get_by_role("button", name="Email me a link instead").click()
    dialog.get_by_label("Email").fill("axe@example.com")
    dialog.get_by_role("button", name="Email me a link").click()
    expect(dialog.get_by_role("heading", name="Check your inbox")).to_be_focused()
    _check_page(page, "a link on its way")


def _check_page(page: Page, where: str) -> None:
    """Nothing sticks out to the side, and nothing is there only for some."""
    expect_within_width(page)
    assert_accessible(page, where)


def test_a_phone_shows_everything_to_a_member_within_its_width(chromium: Browser, product: Product) -> None:
    with fresh_profile(chromium, product.url, **ON_A_PHONE) as context:
        page = context.new_page()
        page.goto("/")
        expect(page.get_by_role("banner").get_by_role("link", name="Start free")).to_be_visible()
        expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_hidden()
        sign_up(context)
        for address in ("/", "/tools", TOOL):
            page.goto(address)
            expect_balance(page, 100)
            expect_within_width(page)
        page.get_by_role("button", name="Cat").tap()
        expect(run_button(page)).to_be_in_viewport()
        press_run(page)
        expect_result(page)
        expect_within_width(page)


def test_the_journey_works_by_keyboard_alone(page: Page, context: BrowserContext) -> None:
    sign_up(context)
    page.goto(TOOL)
    expect_balance(page, 100)
    _tab_to(page, "Astronaut")
    page.keyboard.press("Enter")
    expect(run_button(page)).to_be_enabled()
    _tab_to(page, "Remove background")
    page.keyboard.press("Enter")
    expect_result(page)
    slider = page.get_by_role("slider", name="Compare before and after")
    slider.focus()
    before = slider.input_value()
    page.keyboard.press("ArrowRight")
    assert slider.input_value() != before
    _tab_to(page, "Download PNG")
    with page.expect_download():
        page.keyboard.press("Enter")


def test_the_theme_can_be_switched_and_is_remembered(page: Page) -> None:
    page.goto("/")
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("html")).to_have_class("dark")
    dark = page.evaluate(background)
    assert light != dark
    page.reload()
    expect(page.locator("html")).to_have_class("dark")


def _tab_to(page: Page, name: str) -> None:
    # On a busy machine it may not be on the page yet.
    page.wait_for_function(IS_ON_PAGE, arg=name)
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.textContent + (document.activeElement.ariaLabel ?? '')")
        if name in focused:
            return
    raise AssertionError(f"Tab never reached {name}")
