"""From a stranger's first click to a downloaded cut-out."""

import io

from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.product import Product
from tests.browser.steps import (
    TOOL,
    a_photo,
    choose_photo,
    download,
    expect_balance,
    expect_result,
    press_run,
    run_button,
    sign_up,
    start_run,
    task_id_of,
)
from tests.factories import PASSWORD, photo_bytes
from tests.funmagic.library.photos import kinds


def test_a_stranger_gets_a_cut_out_from_the_home_page_on(page: Page, product: Product) -> None:
    page.goto("/")
    page.get_by_role("link", name="Remove a background").click()
    page.get_by_role("button", name="Astronaut").click()
    press_run(page)
    dialog = page.get_by_role("dialog", name="One moment before the magic")
    dialog.get_by_role("button", name="Create an account").click()
    dialog.get_by_label("Name").fill("Stranger")
    dialog.get_by_label("Email").fill("stranger@example.com")
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Create account").click()
    expect_balance(page, 100)
    expect(page.get_by_text("astronaut.jpg")).to_be_visible()
    press_run(page)
    expect_result(page)
    expect_balance(page, 95)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download PNG").click()
    image = Image.open(download.value.path())
    assert download.value.suggested_filename == "astronaut-background-remove.png"
    assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (512, 512))
    low, high = image.getchannel("A").getextrema()
    assert (low, high) == (0, 255)
    charged = product.query("SELECT type, amount FROM credit_transactions WHERE task_id = :id", id=task_id_of(page))
    assert sorted(map(tuple, charged)) == [("reservation", 0), ("usage", -5)]


def test_a_returning_person_signs_in_from_the_dialog_and_keeps_the_photo(page: Page, context: BrowserContext) -> None:
    email = sign_up(context)
    context.clear_cookies()
    page.goto(TOOL)
    choose_photo(page)
    press_run(page)
    dialog = page.get_by_role("dialog", name="One moment before the magic")
    dialog.get_by_role("button", name="Use a password instead").click()
    dialog.get_by_label("Email").fill(email)
    dialog.get_by_label("Password", exact=True).fill("not the password")
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(dialog.get_by_role("alert")).to_have_text("That email and password do not match.")
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect_balance(page, 100)
    expect(page.get_by_text("disc.jpg")).to_be_visible()
    expect(run_button(page)).to_be_enabled()


def test_nothing_leaves_the_browser_before_the_button_is_pressed(page: Page, context: BrowserContext) -> None:
    sign_up(context)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method in ("PUT", "POST") else None)
    page.goto(TOOL)
    choose_photo(page)
    expect(page.get_by_role("img", name="Your photo")).to_be_visible()
    page.get_by_role("button", name="Remove photo").click()
    expect(page.get_by_text("Drop a photo here")).to_be_visible()
    expect(run_button(page)).to_be_disabled()
    page.get_by_role("button", name="Coffee").click()
    expect(page.get_by_text("coffee.jpg")).to_be_visible()
    assert sent == []


def test_a_photo_can_be_dropped_and_pasted(page: Page) -> None:
    page.goto(TOOL)
    for kind, name in (("drop", "dropped.jpg"), ("paste", "pasted.jpg")):
        transfer = page.evaluate_handle(
            """async ([bytes, name]) => {
                const transfer = new DataTransfer();
                transfer.items.add(new File([new Uint8Array(bytes)], name, {type: "image/jpeg"}));
                return transfer;
            }""",
            [list(a_photo()["buffer"]), name],
        )
        if kind == "drop":
            page.locator(".picker").dispatch_event("drop", {"dataTransfer": transfer})
        else:
            page.evaluate(
                "data => document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true}))",
                transfer,
            )
        expect(page.get_by_text(name)).to_be_visible()


def test_the_stage_can_be_cleared_for_the_next_photo(page: Page, context: BrowserContext) -> None:
    start_run(page, context)
    expect_result(page)
    page.get_by_role("button", name="New photo").click()
    expect(page.get_by_text("Drop a photo here")).to_be_visible()
    page.wait_for_url(f"**{TOOL}")


def test_a_gif_and_a_sideways_photo_come_back_upright_at_full_size(page: Page, context: BrowserContext) -> None:
    sign_up(context)
    picture = Image.open(io.BytesIO(photo_bytes()))
    sideways, animation = io.BytesIO(), io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(sideways, "JPEG", exif=exif)
    picture.save(animation, "GIF")
    for photo, size in (
        (a_photo(sideways.getvalue(), "sideways.jpg"), (72, 96)),
        (a_photo(animation.getvalue(), "picture.gif", "image/gif"), (96, 72)),
    ):
        page.goto(TOOL)
        choose_photo(page, photo)
        press_run(page)
        expect_result(page)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download PNG").click()
        assert Image.open(download.value.path()).size == size


def test_a_photo_that_the_browser_cannot_show_is_shown_as_we_see_it(page: Page, context: BrowserContext) -> None:
    sign_up(context)
    page.goto(TOOL)
    # Many systems have no name for this type.
    picture = Image.open(io.BytesIO(photo_bytes()))
    choose_photo(page, a_photo(kinds.heic(picture, exif=b"Exif\0\0" + kinds.exif(6)), "IMG 0001.HEIC", ""))
    expect(page.get_by_text("Your browser cannot show HEIC photos.")).to_be_visible()
    press_run(page)
    expect_result(page)
    before = page.locator(".compare-before img")
    expect(before).to_have_js_property("naturalWidth", 72)
    expect(before).to_have_js_property("naturalHeight", 96)
    assert download(page, "Download PNG")[0] == "IMG 0001-background-remove.png"
