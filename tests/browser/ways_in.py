"""What people do to get in by a mailed link."""

from playwright.sync_api import Page, expect


def request_link(page: Page, email: str) -> None:
    """Have a sign-in link mailed."""
    page.get_by_label("Email").fill(email)
    page.get_by_role("button", name="Email me a link").click()
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_focused()
    expect(page.get_by_text(email)).to_be_visible()


def follow_link(page: Page, link: str) -> None:
    """Open a mailed sign-in link and press its button."""
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()


def expect_signed_out(page: Page) -> None:
    """The header offers to sign in."""
    expect(page.get_by_role("banner").get_by_role("link", name="Start free")).to_be_visible()
