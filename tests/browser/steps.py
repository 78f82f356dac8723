"""What people do, in their words; journeys are made of these."""

import itertools

from playwright.sync_api import APIResponse, BrowserContext, FilePayload, Locator, Page, expect

from tests.factories import PASSWORD, photo_bytes

TOOL = "/tools/background-remove"
_numbers = itertools.count(1)


def sign_up(context: BrowserContext) -> str:
    """Make a new account for this profile, past the pages; returns the email."""
    email = f"person{next(_numbers)}@example.com"
    body = {"email": email, "password": PASSWORD, "name": "Mia Chen"}
    response: APIResponse = context.request.post("/api/auth/sign-up", data=body)
    assert response.status == 201, response.text()
    return email


def choose_photo(page: Page, photo: FilePayload | None = None) -> None:
    """Pick a file through the browser's own dialog."""
    page.locator("input[type=file]").set_input_files(photo or a_photo())


def a_photo(data: bytes | None = None, name: str = "disc.jpg", mime: str = "image/jpeg") -> FilePayload:
    """A file as a person would pick it."""
    return {"name": name, "mimeType": mime, "buffer": photo_bytes(640, 480) if data is None else data}


def run_button(page: Page) -> Locator:
    """The button that spends credits."""
    return page.get_by_role("button", name="Remove background (5 credits)")


def press_run(page: Page) -> None:
    """Press it as soon as it can be pressed."""
    expect(run_button(page)).to_be_enabled()
    run_button(page).click()


def start_run(page: Page, context: BrowserContext, photo: FilePayload | None = None) -> None:
    """Go through all of it as a new person: account, tool, photo, button."""
    sign_up(context)
    page.goto(TOOL)
    choose_photo(page, photo)
    press_run(page)


def start_waiting_run(page: Page, context: BrowserContext) -> None:
    """Start a run that no worker takes for now."""
    start_run(page, context)
    expect(page.get_by_text("In line")).to_be_visible()


def expect_result(page: Page) -> None:
    """The cut-out is there, to compare and to download."""
    expect(page.get_by_role("link", name="Download PNG")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("slider", name="Compare before and after")).to_be_visible()


def expect_balance(page: Page, amount: int) -> None:
    """The pill in the header shows this many credits to spend."""
    expect(page.get_by_role("link", name="credits to spend").locator(".balance-number")).to_have_text(str(amount))


def task_id_of(page: Page) -> str:
    """The run that the address names."""
    page.wait_for_url("**/background-remove?task=*")
    return page.url.split("task=")[1]
