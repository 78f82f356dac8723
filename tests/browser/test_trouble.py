"""When something goes wrong the page says what happened, what it means for the credits, and what to do next."""

import struct
import zlib
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.product import Product
from tests.browser.steps import (
    TOOL,
    a_photo,
    choose_photo,
    expect_balance,
    expect_result,
    press_run,
    run_button,
    sign_up,
)
from tests.factories import photo_bytes

UNREADABLE = "This file does not open as a photo. Please choose another one."
WRONG_TYPE = "This kind of file does not work. Please choose a PNG, JPEG, WebP, GIF or HEIC."
TOO_SMALL = "This photo is too small. Please choose one of at least 64 × 64 pixels."
TOO_LARGE = "This file is larger than 20 MB. Please choose a smaller one."
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def test_a_failed_run_is_not_charged_and_can_be_tried_again(
    page: Page, context: BrowserContext, product: Product
) -> None:
    sign_up(context)
    page.goto(TOOL)
    choose_photo(page)
    with product.tool_config(model="missing"):
        press_run(page)
        expect(page.get_by_text("AI service error. Please try again. Nothing was charged.")).to_be_visible()
        expect_balance(page, 100)
    page.get_by_role("button", name="Try again").click()
    expect_result(page)
    expect_balance(page, 95)


def test_a_photo_that_breaks_off_is_refused_in_plain_words_and_another_one_is_asked_for(
    page: Page, context: BrowserContext
) -> None:
    sign_up(context)
    page.goto(TOOL)
    whole = photo_bytes(800, 600, quality=95)
    cut = {"name": "cut.jpg", "mimeType": "image/jpeg", "buffer": whole[: len(whole) // 2]}
    page.locator("input.picker-input").set_input_files(cut)
    press_run(page)
    expect(page.get_by_text("This file is damaged. Please choose another photo.")).to_be_visible()
    expect(page.get_by_text("Drop a photo here")).to_be_visible()
    expect(page.get_by_role("button", name="Remove background")).to_be_hidden()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="New photo").click()
    chooser.value.set_files({"name": "whole.jpg", "mimeType": "image/jpeg", "buffer": whole})
    expect(page.get_by_text("This file is damaged.")).to_be_hidden()
    expect(page.get_by_role("button", name="Remove background (5 credits)")).to_be_enabled()
    expect_balance(page, 100)


def test_too_few_credits_are_said_before_anything_is_uploaded(
    page: Page, context: BrowserContext, product: Product
) -> None:
    sign_up(context)
    with product.tool_config(credits=500):
        page.goto(TOOL)
        choose_photo(page)
        page.get_by_role("button", name="Remove background (500 credits)").click()
        sentence = "This run costs 500 credits and you have 100, so 400 are missing."
        expect(page.get_by_text(sentence)).to_be_visible()
        # This product has no keys of Stripe's.
        expect(page.get_by_role("dialog")).to_contain_text("Payments are not set up on this site")
    assert product.query("SELECT count(*) AS n FROM tasks WHERE credits_cost = 500")[0].n == 0


def test_nobody_pays_another_price_than_the_button_said(page: Page, context: BrowserContext, product: Product) -> None:
    sign_up(context)
    page.goto(TOOL)
    choose_photo(page)
    expect(run_button(page)).to_be_enabled()
    with product.tool_config(credits=7):
        run_button(page).click()
        expect(page.get_by_text("The price has changed to 7 credits. Nothing was charged.")).to_be_visible()
        expect_balance(page, 100)
        page.get_by_role("button", name="Remove background (7 credits)").click()
        expect_result(page)
        expect_balance(page, 93)


def test_wrong_files_are_refused_at_once(page: Page, tmp_path: Path) -> None:
    page.goto(TOOL)
    for name, data, sentence in (
        ("scan.png", b"%PDF-1.7 not a picture", WRONG_TYPE),
        ("broken.png", photo_bytes(format="PNG")[:30], UNREADABLE),
        ("strip.jpg", photo_bytes(400, 63), TOO_SMALL),
        ("huge.jpg", photo_bytes() + bytes(21 * 1024 * 1024), TOO_LARGE),
        ("drawing.svg", SVG, WRONG_TYPE),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        choose_photo(page, path)
        expect(page.get_by_text(sentence)).to_be_visible()
        expect(run_button(page)).to_be_disabled()


def test_a_decompression_bomb_is_refused(page: Page, context: BrowserContext) -> None:
    sign_up(context)
    page.goto(TOOL)
    choose_photo(page, a_photo(bomb(30_000, 30_000), "bomb.png", "image/png"))
    refused_here = page.get_by_text(UNREADABLE)
    expect(refused_here.or_(run_button(page).and_(page.locator(":enabled")))).to_be_visible()
    if not refused_here.is_visible():
        press_run(page)
        expect(page.get_by_text("This image has too many pixels. The limit is 40 megapixels.")).to_be_visible()
    expect_balance(page, 100)


def test_a_broken_upload_can_be_sent_again(page: Page, context: BrowserContext) -> None:
    sign_up(context)
    page.goto(TOOL)
    choose_photo(page)
    page.route("**/storage/**", lambda route: route.abort() if route.request.method == "PUT" else route.continue_())
    press_run(page)
    expect(page.get_by_text("The upload did not get through. Nothing was charged.")).to_be_visible()
    page.unroute("**/storage/**")
    page.get_by_role("button", name="Try again").click()
    expect_result(page)
    expect_balance(page, 95)


def test_an_upload_can_be_cancelled(page: Page, context: BrowserContext, product: Product) -> None:
    sign_up(context)
    page.goto(TOOL)
    choose_photo(page)
    held: list[Route] = []
    page.route("**/storage/**", lambda route: held.append(route))  # noqa: PLW0108 - Playwright wants a function of ours
    press_run(page)
    page.get_by_role("button", name="Cancel").click()
    expect(run_button(page)).to_be_enabled()
    expect_balance(page, 100)


def test_the_documentation_of_the_api_is_read_without_asking_another_site(page: Page, product: Product) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/tools")
    page.get_by_role("contentinfo").get_by_role("link", name="API").click()
    expect(page.get_by_role("heading", name="FunMagic")).to_be_visible()
    expect(page.get_by_text("/api/auth/sign-up")).to_be_visible()
    assert [url for url in asked if not url.startswith((product.url, "data:", "blob:"))] == []


def test_an_unknown_address_leads_back_to_the_tools(page: Page) -> None:
    page.goto("/tools/no-such-tool")
    expect(page.get_by_text("There is nothing here")).to_be_visible()
    page.get_by_role("link", name="See the tools").click()
    expect(page.get_by_role("heading", name="Tools", level=1)).to_be_visible()


def bomb(width: int, height: int) -> bytes:
    """A small PNG file of one bit a pixel that would decode to a huge picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(bytes((width // 8 + 1) * height), 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
