"""On a phone the foot of the window is what can be pressed, and covers nothing that is said."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.product import Product
from tests.browser.profiles import ON_A_PHONE, fresh_profile
from tests.browser.steps import TOOL, a_photo, choose_photo, press_run, run_button, sign_up


@pytest.fixture
def phone(chromium: Browser, product: Product) -> Iterator[Page]:
    with fresh_profile(chromium, product.url, **ON_A_PHONE) as context:
        sign_up(context)
        page = context.new_page()
        page.goto(TOOL)
        yield page


def edges(shown: Locator) -> tuple[float, float]:
    """Where it begins and ends, from the top of the window."""
    box = shown.bounding_box()
    assert box
    return box["y"], box["y"] + box["height"]


def test_what_is_wrong_with_a_photo_is_said_above_the_foot(phone: Page) -> None:
    choose_photo(phone, a_photo(b"no photo", "notes.txt", "text/plain"))
    problem = phone.get_by_role("alert").filter(has_text="This kind of file does not work")
    expect(problem).to_be_in_viewport(ratio=1)
    assert edges(problem)[1] <= edges(phone.locator(".panel-action"))[0]


def test_a_lost_line_is_said_beside_the_foot(phone: Page) -> None:
    choose_photo(phone)
    expect(run_button(phone)).to_be_enabled()
    phone.context.set_offline(True)
    phone.wait_for_function("() => window.funmagicLine === false")
    phone.get_by_role("banner").get_by_role("link", name="FunMagic").tap()
    said = phone.get_by_text("The page you chose opens by itself.")
    expect(said).to_be_in_viewport(ratio=1)
    assert edges(said)[1] <= edges(phone.locator(".panel-action"))[0]
    phone.context.set_offline(False)
    phone.wait_for_url(lambda address: TOOL not in address)


def test_no_empty_strip_stays_while_a_run_goes_on(phone: Page, product: Product) -> None:
    choose_photo(phone)
    with product.workers_paused():
        press_run(phone)
        expect(phone.get_by_text("In line")).to_be_visible()
        expect(phone.locator(".panel-action")).to_have_css("position", "static")
    download = phone.get_by_role("link", name="Download PNG")
    expect(download).to_be_in_viewport(ratio=1)
    expect(phone.locator(".panel-action")).to_have_css("position", "sticky")
