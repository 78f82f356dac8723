from playwright.sync_api import BrowserContext, Page, expect
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from funmagic.core.settings import Settings
from tests.browser.product import Product
from tests.browser.steps import sign_up
from tests.factories import PASSWORD, wait_until

QUEUES = "/dashboard/queues"


def sign_in_as_super_admin(page: Page, context: BrowserContext, product: Product) -> None:
    """Open the queues as a visitor, and sign in where that leads."""
    email = sign_up(context)
    context.clear_cookies()
    product.query("UPDATE users SET role = 'super_admin' WHERE email = :email RETURNING id", email=email)
    page.goto(QUEUES)
    page.wait_for_url("**/login?next=/dashboard/queues")
    page.get_by_role("button", name="Use a password instead").click()
    form = page.locator("form:visible")
    form.get_by_label("Email").fill(email)
    form.get_by_label("Password", exact=True).fill(PASSWORD)
    form.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/login" not in url)


def fail_a_job(product: Product) -> Job:
    """Have the product's worker fail at a job."""
    redis = Redis(unix_socket_path=str(Settings(data_dir=product.data_dir).redis_socket))
    job = Queue("ai-tasks", connection=redis, serializer=JSONSerializer).enqueue("worker.jobs.not_there", "<b>id</b>")
    wait_until(lambda: len(job.results()) == 1)
    return job


def confirm(page: Page, button: str) -> None:
    """Press one of the page's own buttons, and say yes."""
    page.get_by_text(button, exact=True).click()
    page.get_by_role("button", name="Yes").click()
    expect(page.locator("#confirmation-modal")).to_be_hidden()


def test_a_super_admin_watches_the_queues_and_empties_one(
    page: Page, context: BrowserContext, product: Product
) -> None:
    job = fail_a_job(product)
    complaints: list[str] = []
    foreign: list[str] = []
    page.emulate_media(reduced_motion="reduce")  # while its dialog fades in, Bootstrap ignores a click
    sign_in_as_super_admin(page, context, product)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: None if request.url.startswith(product.url) else foreign.append(request.url))
    row = page.get_by_role("row", name="ai-tasks")
    failed = row.locator("td.failed").first
    expect(failed).not_to_have_text("0")

    page.get_by_role("link", name="Workers").click()
    expect(page.get_by_role("row", name="mail, ai-tasks").first).to_be_visible()

    page.get_by_role("link", name="Queues").click()
    failed.get_by_role("link").click()
    expect(page.get_by_text("worker.jobs.not_there('<b>id</b>')")).to_be_visible()
    confirm(page, "Requeue All")
    wait_until(lambda: len(job.results()) == 2)
    page.get_by_role("link", name=job.id).click()
    expect(page.locator(".description-scroll")).to_have_text("worker.jobs.not_there('<b>id</b>')")
    expect(page.locator("pre.exc_info")).to_contain_text("not_there")

    page.go_back()
    confirm(page, "Empty queue")
    expect(page.get_by_text("No jobs.")).to_be_visible()
    assert not Job.exists(job.id, connection=job.connection)
    assert (complaints, foreign) == ([], [])
