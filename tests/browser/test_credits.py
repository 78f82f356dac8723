"""The credits page, and the pill in the header of every page: both follow the ledger by themselves."""

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.product import Product
from tests.browser.profiles import PHONE
from tests.browser.steps import (
    TOOL,
    assert_accessible,
    choose_photo,
    expect_balance,
    expect_result,
    expect_within_width,
    press_run,
    sign_up,
)


def story(page: Page, words: str) -> Locator:
    """The entry of the history that says this."""
    return page.locator(".story").filter(has_text=words)


def test_a_run_is_told_live_in_every_tab_and_ends_as_one_story(
    page: Page, context: BrowserContext, product: Product
) -> None:
    sign_up(context)
    page.goto("/credits")
    expect(story(page, "Welcome credits")).to_contain_text("+100")
    tool = context.new_page()
    tool.goto(TOOL)
    choose_photo(tool)
    with product.workers_paused():
        press_run(tool)
        for tab in (page, tool):
            expect_balance(tab, 95)
        expect(story(page, "5 credits held until it is done")).to_contain_text("Held")
    expect_result(tool)
    done = story(page, "5 credits charged")
    expect(done).to_contain_text("−5")
    expect(page.locator(".story")).to_have_count(2)
    # What is behind another tab is not drawn.
    page.bring_to_front()
    done.locator("summary").click()
    expect(done.get_by_role("listitem")).to_have_count(2)
    assert_accessible(page, "credits")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    expect_within_width(page)
    done.get_by_role("link", name="Background Remove").click()
    expect_result(page)


def test_the_history_is_picked_by_type_and_taken_along(page: Page, context: BrowserContext) -> None:
    sign_up(context)
    page.goto("/tools")
    page.get_by_role("link", name="credits to spend").click()
    page.get_by_label("Show").select_option("purchase")
    expect(page.get_by_text("Nothing of this kind")).to_be_visible()
    page.get_by_role("button", name="Show everything").click()
    expect(story(page, "Welcome credits")).to_be_visible()
    with page.expect_download() as started:
        page.get_by_role("link", name="Download the history").click()
    assert "welcome,100" in started.value.path().read_text()


def test_a_visitor_signs_in_first(page: Page) -> None:
    page.goto("/credits")
    page.wait_for_url("**/login?next=/credits")
