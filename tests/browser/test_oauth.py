"""Signing in at providers, at real ones of npm's in the place of Google and Apple, and at a stub of Facebook."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.product import Product
from tests.browser.profiles import TIMEOUT_MS
from tests.browser.steps import TOOL, choose_photo, expect_result, press_run, sign_up
from tests.browser.web import Web
from tests.emulators import facebook
from tests.emulators.facebook import FacebookEmulator
from tests.emulators.oidc.provider import apple_settings, google_settings, running_apple, running_google
from tests.emulators.server import serving
from tests.ports import free_port


@pytest.fixture(scope="module")
def web(product: Product) -> Iterator[Web]:
    """A web process of the product that offers all three, on the front end that was built without any."""
    google_port, apple_port, facebook_port = free_port(), free_port(), free_port()
    facebook_url = f"http://127.0.0.1:{facebook_port}"
    facebook_settings = {
        "FUNMAGIC_FACEBOOK_CLIENT_ID": facebook.CLIENT_ID,
        "FUNMAGIC_FACEBOOK_CLIENT_SECRET": facebook.CLIENT_SECRET,
        "FUNMAGIC_FACEBOOK_AUTHORIZE_URL": f"{facebook_url}/dialog/oauth",
        "FUNMAGIC_FACEBOOK_API_BASE": facebook_url,
    }
    web = Web(product, google_settings(google_port) | apple_settings(apple_port) | facebook_settings)
    with (
        running_google(web.url, google_port),
        running_apple(web.url, apple_port),
        serving(FacebookEmulator().app, facebook_port),
    ):
        web.start()
        yield web
        web.stop()


@pytest.fixture
def context(chromium: Browser, web: Web) -> Iterator[BrowserContext]:
    """A fresh profile on a desktop screen."""
    context = chromium.new_context(base_url=web.url, reduced_motion="reduce")
    context.set_default_timeout(TIMEOUT_MS)
    yield context
    context.close()


def continue_with(page: Page, provider: str) -> None:
    page.get_by_role("link", name=f"Continue with {provider}").click()


def sign_in_at_provider(page: Page, name: str) -> None:
    """Sign in at the provider."""
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("anything")
    page.get_by_role("button", name="Sign-in").click()


def consent(page: Page, name: str) -> None:
    """Sign in at the provider, and let it tell us who it was."""
    sign_in_at_provider(page, name)
    page.get_by_role("button", name="Continue").click()


def expect_signed_in(page: Page, name: str) -> None:
    expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()


def test_google_signs_in_and_leads_back(page: Page, web: Web) -> None:
    page.goto(f"/login?next={TOOL}")
    continue_with(page, "Google")
    consent(page, "gina")
    page.wait_for_url(web.url + TOOL)
    expect_signed_in(page, "gina Example")
    user = page.request.get("/api/auth/session").json()["user"]
    assert (user["email"], user["isVerified"]) == ("gina@example.com", True)


def test_apple_signs_in_by_a_form_from_its_own_site(page: Page, web: Web) -> None:
    page.goto(f"/login?next={TOOL}")
    continue_with(page, "Apple")
    consent(page, "ada")
    page.wait_for_url(web.url + TOOL)
    expect_signed_in(page, "Ada Apple")


def test_facebook_signs_in(page: Page, web: Web) -> None:
    page.goto(f"/register?next={TOOL}")
    continue_with(page, "Facebook")
    page.get_by_role("link", name="Continue as Faye").click()
    page.wait_for_url(web.url + TOOL)
    expect_signed_in(page, "Faye Book")


@pytest.mark.parametrize(
    ("provider", "no"), [("Google", "[ Cancel ]"), ("Apple", "[ Cancel ]"), ("Facebook", "Cancel")]
)
def test_saying_no_is_told_and_every_way_is_still_there(page: Page, provider: str, no: str) -> None:
    page.goto("/login")
    continue_with(page, provider)
    page.get_by_role("link", name=no).click()
    expect(page.get_by_text("You cancelled signing in. Nothing was changed.")).to_be_visible()
    expect(page.get_by_role("link", name=f"Continue with {provider}")).to_be_visible()


def test_two_tabs_sign_in_at_once(context: BrowserContext, web: Web) -> None:
    first, second = context.new_page(), context.new_page()
    for page, path in ((first, "/tools"), (second, TOOL)):
        page.goto(f"/login?next={path}")
        continue_with(page, "Google")
        page.wait_for_url("**/interaction/*")
    consent(first, "tabea")
    first.wait_for_url(f"{web.url}/tools")
    sign_in_at_provider(second, "tabea")  # who has consented in the other tab meanwhile
    second.wait_for_url(web.url + TOOL)
    expect_signed_in(second, "tabea Example")


def test_the_dialog_leads_back_to_the_photo_ready_to_run(page: Page, web: Web) -> None:
    page.goto(TOOL)
    choose_photo(page)
    press_run(page)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name="Continue with Google").click()
    consent(page, "dora")
    page.wait_for_url(web.url + TOOL)
    expect_signed_in(page, "dora Example")
    expect(dialog).to_be_hidden()
    press_run(page)
    expect_result(page)


def test_a_provider_is_connected_and_disconnected_on_the_profile(page: Page, context: BrowserContext, web: Web) -> None:
    sign_up(context)
    page.goto("/profile")
    page.get_by_role("link", name="Connect Google").click()
    consent(page, "paula")
    page.wait_for_url(f"{web.url}/profile")
    page.get_by_role("button", name="Disconnect Google").click()
    expect(page.get_by_role("link", name="Connect Google")).to_be_visible()


def test_an_account_that_opens_somebody_elses_is_not_connected(page: Page, context: BrowserContext, web: Web) -> None:
    page.goto("/login")
    continue_with(page, "Google")
    consent(page, "olga")
    page.wait_for_url(f"{web.url}/tools")
    sign_up(context)
    page.goto("/profile")
    page.get_by_role("link", name="Connect Google").click()
    page.wait_for_url(f"{web.url}/profile?error=*")
    expect(page.get_by_text("That account already belongs to another FunMagic account")).to_be_visible()


def test_without_configuration_no_button_shows(chromium: Browser, product: Product) -> None:
    page = chromium.new_page(base_url=product.url)
    page.goto("/login")
    expect(page.get_by_role("button", name="Email me a link")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert page.get_by_text("Continue with").count() == 0
    page.close()
