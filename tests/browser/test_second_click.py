"""A second click buys nothing: where a run was paid for stands what is free, and what costs is deaf for a moment."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, FilePayload, FloatRect, Page, WebSocketRoute, expect

from tests.browser.product import Product
from tests.browser.profiles import DESKTOP, ON_A_PHONE, fresh_profile
from tests.browser.steps import (
    CRYSTAL,
    FIGME,
    TOOL,
    a_photo,
    choose_photo,
    expect_balance,
    expect_stage,
    pick_style,
    run_button,
    sign_up,
    start_waiting_run,
    task_id_of,
)
from tests.browser.viewer_steps import do_without_webgl

SCREENS = {"desktop": {"viewport": DESKTOP}, "phone": ON_A_PHONE}
COSTS = ".price-button:visible"
# Presses whatever costs something as soon as it is on the page, by mouse and by keyboard.
PRESS_ON_SIGHT = """() => {
    const pressed = new Set();
    new MutationObserver(() => document.querySelectorAll(".price-button").forEach((button) => {
        if (pressed.has(button) || button.disabled) return;
        pressed.add(button);
        button.click();
        button.focus();
        button.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true}));
        button.click();
    })).observe(document.body, {subtree: true, childList: true, attributes: true});
}"""


@pytest.fixture(params=SCREENS.values(), ids=SCREENS)
def screen(request: pytest.FixtureRequest, chromium: Browser, product: Product) -> Iterator[Page]:
    """A tab on a desktop and on a phone, of a person with credits."""
    with fresh_profile(chromium, product.url, **request.param) as context:
        page = context.new_page()
        do_without_webgl(page)
        sign_up(context)
        yield page


def press(page: Page, name: str) -> FloatRect:
    """Press a button twice where it is, as a double click does; returns its box on the screen."""
    button = page.get_by_role("button", name=name)
    expect(button).to_be_enabled()
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box
    page.mouse.dblclick(*middle(box))
    return box


def middle(box: FloatRect) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def overlap(one: FloatRect, other: FloatRect) -> bool:
    across = one["x"] < other["x"] + other["width"] and other["x"] < one["x"] + one["width"]
    return across and one["y"] < other["y"] + other["height"] and other["y"] < one["y"] + one["height"]


def expect_free_of_costs(page: Page, pressed: FloatRect) -> None:
    """Nothing that costs stands in the box, and a click into it at once buys nothing."""
    page.mouse.click(*middle(pressed))
    boxes = [button.bounding_box() for button in page.locator(COSTS).all()]
    assert not [box for box in boxes if box and overlap(box, pressed)], (pressed, boxes)
    assert not page.evaluate(
        "([x, y]) => Boolean(document.elementFromPoint(x, y)?.closest('.price-button'))", list(middle(pressed))
    )


def plain_photo() -> FilePayload:
    encoded = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(encoded, "PNG")
    return a_photo(encoded.getvalue(), "white.png", "image/png")


def runs_of_the_person(product: Product, task_id: str) -> int:
    statement = "SELECT count(*) AS n FROM tasks WHERE user_id = (SELECT user_id FROM tasks WHERE id = :id)"
    return int(product.query(statement, id=task_id)[0].n)


@pytest.mark.parametrize(
    ("address", "name", "balance"), [(TOOL, "Remove background", 95), (CRYSTAL, "Create", 80)], ids=["cut-out", "cloud"]
)
def test_where_a_run_was_paid_for_it_is_downloaded(
    screen: Page, product: Product, address: str, name: str, balance: int
) -> None:
    screen.goto(address)
    choose_photo(screen)
    pressed = press(screen, name)
    expect_stage(screen, "completed")
    expect_free_of_costs(screen, pressed)
    download = screen.get_by_role("link", name="Download P").bounding_box()
    assert download
    assert overlap(download, pressed)
    expect_balance(screen, balance)
    assert runs_of_the_person(product, task_id_of(screen)) == 1


def test_neither_step_of_figme_leaves_a_price_where_it_was_paid(screen: Page, product: Product) -> None:
    screen.goto(FIGME)
    pick_style(screen, "Oil paint")
    choose_photo(screen)
    pressed = press(screen, "Generate")
    expect_stage(screen, "image-result")
    expect_free_of_costs(screen, pressed)
    expect_balance(screen, 80)
    figure = task_id_of(screen)
    assert runs_of_the_person(product, figure) == 1
    pressed = press(screen, "Make it 3D")
    expect_stage(screen, "3d-result")
    expect_free_of_costs(screen, pressed)
    expect_balance(screen, 50)
    assert runs_of_the_person(product, figure) == 2


def test_what_costs_hears_nothing_as_it_appears_and_everything_a_moment_later(
    page: Page, context: BrowserContext, product: Product
) -> None:
    with product.workers_paused():
        start_waiting_run(page, context)
        task = task_id_of(page)
        page.evaluate(PRESS_ON_SIGHT)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Run cancelled. Nothing was charged.")).to_be_visible()
        again = page.get_by_role("button", name="Try again (5 credits)")
        expect(again).to_be_enabled()
        assert runs_of_the_person(product, task) == 1
        again.press("Enter")
        page.wait_for_url(lambda url: task not in url)
        assert runs_of_the_person(product, task) == 2


def test_a_cancelled_run_is_no_failure_and_its_photo_is_still_there(
    page: Page, context: BrowserContext, product: Product
) -> None:
    with product.workers_paused():
        start_waiting_run(page, context)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("status").filter(has_text="Run cancelled. Nothing was charged.")).to_be_visible()
    expect(page.locator(".cancelled-image")).to_be_visible()
    expect(page.get_by_text("That did not work")).to_be_hidden()
    expect(page.locator(".state-error")).to_have_count(0)


def test_a_photo_without_a_subject_is_not_sold_and_leads_to_another_photo(page: Page, context: BrowserContext) -> None:
    sign_up(context)
    page.goto(TOOL)
    choose_photo(page, plain_photo())
    run_button(page).click()
    expect(page.get_by_text("We found no subject in this photo. Nothing was charged.")).to_be_visible()
    expect(page.locator(COSTS)).to_have_count(0)
    expect_balance(page, 100)
    page.get_by_role("button", name="New photo").click()
    expect(page.get_by_text("Drop a photo here")).to_be_visible()


def test_no_price_is_named_before_it_is_known(page: Page) -> None:
    def keep_silent(_socket: WebSocketRoute) -> None:
        """The page never hears of our server."""

    page.route_web_socket("**/_event/**", keep_silent)
    page.goto(TOOL)
    expect(page.locator(".price-unknown")).to_be_visible()
    button = page.get_by_role("button", name="Remove background")
    expect(button).to_be_disabled()
    assert "credits" not in button.inner_text()
