"""What people do, in their words; journeys are made of these."""

import itertools
import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import APIResponse, BrowserContext, FilePayload, Locator, Page, expect

from tests.factories import PASSWORD, photo_bytes

TOOL = "/tools/background-remove"
FIGME = "/tools/figme"
CRYSTAL = "/tools/crystal-memory"
# Networks run on the CPU, beside a browser that draws on it too.
RESULT_TIMEOUT_MS = 180_000
SERIOUS = {"serious", "critical"}
_numbers = itertools.count(1)


def sign_up(context: BrowserContext) -> str:
    """Make a new account for this profile, past the pages; returns the email."""
    email = f"person{next(_numbers)}@example.com"
    body = {"email": email, "password": PASSWORD, "name": "Mia Chen"}
    response: APIResponse = context.request.post("/api/auth/sign-up", data=body)
    assert response.status == 201, response.text()
    return email


def choose_photo(page: Page, photo: FilePayload | Path | None = None) -> None:
    """Pick a file through the browser's own dialog; a large one by its path, which need not be sent to the browser."""
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
    page.wait_for_url("**/tools/*?task=*")
    return page.url.split("task=")[1]


def sign_in(context: BrowserContext, email: str) -> None:
    """Let somebody in who has an account, past the pages."""
    response = context.request.post("/api/auth/sign-in", data={"email": email, "password": PASSWORD})
    assert response.status == 200, response.text()


def expect_stage(page: Page, name: str) -> None:
    """The stage shows this, in the time that a run may take."""
    expect(page.locator("[data-stage]")).to_have_attribute("data-stage", name, timeout=RESULT_TIMEOUT_MS)


def pick_style(page: Page, title: str) -> None:
    """Choose a style of FigMe's and go on to the photo."""
    page.get_by_role("radio", name=title).check()
    page.get_by_role("button", name="Continue").click()
    expect_stage(page, "upload-image")


def start_figure(page: Page, context: BrowserContext) -> str:
    """As a new person, have a figure made of our astronaut; returns the email."""
    email = sign_up(context)
    page.goto(FIGME)
    pick_style(page, "Oil paint")
    page.get_by_role("button", name="Astronaut").click()
    page.get_by_role("button", name="Generate (20 credits)").click()
    task_id_of(page)
    return email


def start_cloud(page: Page, context: BrowserContext) -> str:
    """As a new person, have a point cloud made of our astronaut; returns the email."""
    email = sign_up(context)
    page.goto(CRYSTAL)
    page.get_by_role("button", name="Astronaut").click()
    page.get_by_role("button", name="Create (20 credits)").click()
    task_id_of(page)
    return email


def download(page: Page, name: str) -> tuple[str, bytes]:
    """Press a link that downloads; returns the name of the file and what is in it."""
    with page.expect_download() as started:
        page.get_by_role("link", name=name).click()
    return started.value.suggested_filename, started.value.path().read_bytes()


def number_in_facts(page: Page, unit: str) -> int:
    """A number that the page tells of the result, by its unit."""
    facts = page.locator(".result-facts").inner_text()
    found = re.search(rf"([\d,]+) {unit}", facts)
    assert found, facts
    return int(found[1].replace(",", ""))


def record_shown(page: Page, selector: str, attribute: str) -> None:
    """From now on note every value of an attribute (or of `textContent`) of what matches; see `shown_values`."""
    page.evaluate(
        """([selector, attribute]) => {
            window.shownValues = [];
            const note = () => document.querySelectorAll(selector).forEach((element) => {
                const value = attribute === "textContent" ? element.textContent : element.getAttribute(attribute);
                if (!window.shownValues.includes(value)) window.shownValues.push(value);
            });
            note();
            new MutationObserver(note).observe(document.body, {
                subtree: true, childList: true, attributes: true, characterData: true,
            });
        }""",
        [selector, attribute],
    )


def shown_values(page: Page) -> list[str]:
    """What was noted since `record_shown`, in order."""
    values: list[str] = page.evaluate("window.shownValues")
    return values


def expect_within_width(page: Page) -> None:
    """Nothing sticks out to the side."""
    size = page.viewport_size
    assert size
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], page.url


def assert_accessible(page: Page, where: str) -> None:
    """Axe finds nothing serious."""
    found = [item for item in Axe().run(page).response["violations"] if item["impact"] in SERIOUS]
    assert not found, (where, [(item["id"], [node["html"] for node in item["nodes"]]) for item in found])


def assert_accessible_in_both_themes(page: Page, where: str) -> None:
    """Axe finds nothing serious, be it light or dark; it is light before and after."""
    assert_accessible(page, f"{where}, light")
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_class("dark")
    assert_accessible(page, f"{where}, dark")
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_class("light")
