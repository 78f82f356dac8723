"""A person's own profile: picture, name, look, devices, and the way out."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from funmagic.profile.preferences import ACCENTS
from tests.browser.product import Product
from tests.browser.profiles import DESKTOP, ON_A_PHONE, PHONE, fresh_profile
from tests.browser.steps import a_photo, assert_accessible, expect_within_width, sign_in, sign_up
from tests.factories import PASSWORD, photo_bytes

# What <html> says of itself before anything can be painted, and each look that it has had since.
WATCH_FIRST_PAINT = """
new MutationObserver((_changes, observer) => {
  if (!document.body) return;
  const root = document.documentElement;
  window.atFirst = { theme: root.className, accent: root.dataset.accent };
  observer.disconnect();
}).observe(document, { childList: true, subtree: true });
window.looks = [];
new MutationObserver(() => {
  const root = document.documentElement;
  const look = `${root.className} ${root.dataset.accent}`;
  if (document.body && window.looks.at(-1) !== look) window.looks.push(look);
}).observe(document, { attributes: true, childList: true, subtree: true });
"""


@pytest.fixture
def email(context: BrowserContext) -> str:
    """The email of who is signed in."""
    return sign_up(context)


@pytest.fixture
def profile(page: Page, email: str) -> Page:
    """Their profile, loaded."""
    page.add_init_script(WATCH_FIRST_PAINT)
    page.goto("/profile")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Mia Chen")
    return page


@pytest.fixture
def elsewhere(chromium: Browser, product: Product, email: str) -> Iterator[Page]:
    """A tab of another browser in which the same person is signed in."""
    with fresh_profile(chromium, product.url, viewport=PHONE) as context:
        sign_in(context, email)
        page = context.new_page()
        page.add_init_script(WATCH_FIRST_PAINT)
        yield page


def test_a_visitor_signs_in_first_and_comes_back(page: Page) -> None:
    page.goto("/profile")
    page.wait_for_url("**/login?next=/profile")


def test_a_picture_is_shown_as_the_square_it_becomes_and_then_everywhere(profile: Page) -> None:
    profile.locator(".avatar-picker input[type=file]").set_input_files(a_photo(photo_bytes(900, 600), "me.jpg"))
    expect(profile.get_by_text("This square is what we keep.")).to_be_visible()
    profile.get_by_role("button", name="Save picture").click()
    expect(profile.get_by_text("Your picture is saved.")).to_be_visible()
    picture = profile.locator("header .avatar-image")
    expect(picture).to_be_visible()
    answer = profile.request.get(picture.get_attribute("src") or "")
    kept = Image.open(io.BytesIO(answer.body()))
    assert (kept.format, kept.width) == ("WEBP", kept.height)
    profile.get_by_role("button", name="Remove", exact=True).click()
    expect(picture).to_have_count(0)


def test_a_picture_that_is_none_or_too_large_is_refused_at_once(profile: Page) -> None:
    chooser = profile.locator(".avatar-picker input[type=file]")
    chooser.set_input_files({"name": "me.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"})
    expect(profile.get_by_text("This is not a PNG, JPEG, WebP, GIF or HEIC picture.")).to_be_visible()
    chooser.set_input_files(a_photo(photo_bytes() + bytes(6 * 1024 * 1024)))
    expect(profile.get_by_text("This picture is larger than 5 MB.")).to_be_visible()


def test_another_name_shows_in_the_header(profile: Page) -> None:
    profile.get_by_label("Name", exact=True).fill("Ada Lovelace")
    profile.locator("#you").get_by_role("button", name="Save", exact=True).click()
    expect(profile.get_by_text("Your name is saved.")).to_be_visible()
    expect(profile.locator("header").get_by_role("button", name="Ada Lovelace")).to_be_visible()


def test_a_dark_theme_and_an_accent_are_there_before_the_first_paint(profile: Page, elsewhere: Page) -> None:
    profile.get_by_role("radio", name="Dark").click()
    expect(profile.locator("html")).to_have_class("dark")
    profile.get_by_role("radio", name="Teal").click()
    expect(profile.locator("html")).to_have_attribute("data-accent", "teal")
    profile.reload()
    expect(profile.get_by_role("radio", name="Teal")).to_be_checked()
    assert profile.evaluate("window.atFirst") == {"theme": "dark", "accent": "teal"}
    assert profile.evaluate("window.looks") == ["dark teal"]
    # Another browser follows, and remembers it without its owner.
    elsewhere.goto("/profile")
    expect(elsewhere.locator("html")).to_have_class("dark")
    elsewhere.context.clear_cookies()
    elsewhere.reload()
    elsewhere.wait_for_url("**/login?next=/profile")
    assert elsewhere.evaluate("window.atFirst") == {"theme": "dark", "accent": "teal"}


def test_the_first_page_after_signing_in_already_has_the_accounts_look(
    profile: Page, chromium: Browser, product: Product, email: str
) -> None:
    profile.get_by_role("radio", name="Dark").click()
    expect(profile.locator("html")).to_have_class("dark")
    with fresh_profile(chromium, product.url, color_scheme="light") as context:
        sign_in(context, email)
        page = context.new_page()
        page.add_init_script(WATCH_FIRST_PAINT)
        page.goto("/tools")
        expect(page.get_by_role("link", name="credits to spend")).to_be_visible()
        assert page.evaluate("window.looks") == ["dark rose"]


def test_a_theme_chosen_before_signing_in_becomes_the_accounts(page: Page, context: BrowserContext) -> None:
    page.goto("/")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("html")).to_have_class("dark")
    sign_up(context)
    page.goto("/profile")
    expect(page.get_by_role("radio", name="Dark")).to_be_checked()
    assert context.request.get("/api/profile").json()["profile"]["theme"] == "dark"


def test_the_headers_switch_saves_to_the_account(profile: Page, context: BrowserContext) -> None:
    profile.get_by_role("button", name="Switch between light and dark").click()
    expect(profile.get_by_role("radio", name="Dark")).to_be_checked()
    assert context.request.get("/api/profile").json()["profile"]["theme"] == "dark"


def test_a_device_that_is_signed_out_shows_so_at_once(profile: Page, elsewhere: Page) -> None:
    elsewhere.goto("/profile")
    expect(elsewhere.get_by_label("Name", exact=True)).to_have_value("Mia Chen")
    profile.reload()
    devices = profile.locator("#devices")
    devices.get_by_role("button", name="Sign out Chrome on Linux").click()
    expect(devices.locator(".settings-row")).to_have_count(1)
    expect(devices.get_by_text("This device")).to_be_visible()
    elsewhere.wait_for_url("**/login?next=/profile")
    expect(elsewhere.get_by_role("link", name="credits to spend")).to_have_count(0)
    elsewhere.get_by_role("link", name="Tools").first.click()
    expect(elsewhere.get_by_role("link", name="Start free").first).to_be_visible()


def test_all_other_devices_are_signed_out_at_once(profile: Page, elsewhere: Page) -> None:
    profile.reload()
    profile.get_by_role("button", name="Sign out all other devices").click()
    expect(profile.locator("#devices .settings-row")).to_have_count(1)
    elsewhere.goto("/profile")
    elsewhere.wait_for_url("**/login?next=/profile")


def test_a_changed_password_keeps_this_device_and_ends_the_others(
    profile: Page, elsewhere: Page, email: str, context: BrowserContext
) -> None:
    password = profile.locator("#password")
    password.get_by_label("Current password").fill("not the password")
    password.get_by_label("New password").fill("a better horse battery")
    password.get_by_role("button", name="Change password").click()
    expect(password.get_by_role("alert")).to_have_text("That is not your current password.")
    password.get_by_label("Current password").fill(PASSWORD)
    password.get_by_role("button", name="Change password").click()
    expect(profile.get_by_text("Your password is saved.")).to_be_visible()
    expect(password.get_by_label("New password")).to_have_value("")
    elsewhere.goto("/profile")
    elsewhere.wait_for_url("**/login?next=/profile")
    profile.reload()
    expect(profile.get_by_label("Name", exact=True)).to_have_value("Mia Chen")
    body = {"email": email, "password": "a better horse battery"}
    assert context.request.post("/api/auth/sign-in", data=body).ok


def test_an_email_that_is_to_change_says_what_it_waits_for(profile: Page) -> None:
    profile.get_by_role("button", name="Change your email").click()
    profile.get_by_label("New email").fill("mia.new@example.com")
    profile.locator("#profile-email-password").fill(PASSWORD)
    profile.get_by_role("button", name="Send the link").click()
    expect(profile.get_by_text("Your email becomes mia.new@example.com once")).to_be_visible()


def test_everything_can_be_downloaded(profile: Page, email: str) -> None:
    with profile.expect_download() as download:
        profile.get_by_role("link", name="Download my data").click()
    assert email in download.value.path().read_text()


def test_an_account_is_deleted_once_its_email_is_typed(profile: Page, email: str, context: BrowserContext) -> None:
    profile.get_by_role("button", name="Delete my account").click()
    dialog = profile.get_by_role("dialog", name="Delete your account?")
    dialog.get_by_label(f"Type {email} to confirm").fill("somebody else")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(dialog).to_be_visible()
    dialog.get_by_label(f"Type {email} to confirm").fill(email)
    dialog.get_by_role("button", name="Delete for good").click()
    expect(profile.get_by_role("link", name="Start free").first).to_be_visible()
    assert context.request.post("/api/auth/sign-in", data={"email": email, "password": PASSWORD}).status == 401


@pytest.mark.parametrize(
    "look",
    [{"viewport": DESKTOP, "color_scheme": "light"}, {**ON_A_PHONE, "color_scheme": "dark"}],
    ids=["desktop-light", "phone-dark"],
)
def test_axe_finds_nothing_serious_in_any_accent(chromium: Browser, product: Product, look: dict[str, Any]) -> None:
    with fresh_profile(chromium, product.url, **look) as context:
        sign_up(context)
        page = context.new_page()
        page.goto("/profile")
        page.get_by_role("button", name="Change your email").click()
        expect(page.get_by_label("New email")).to_be_visible()
        for accent in ACCENTS:
            page.locator(f"input[name=accent][value={accent}]").click()
            expect(page.locator("html")).to_have_attribute("data-accent", accent)
            assert_accessible(page, accent)
        expect_within_width(page)
        page.get_by_role("button", name="Delete my account").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert_accessible(page, "the dialog")
