"""The way of a photo when files live in an S3 store, which browsers reach at an origin of its own."""

from collections.abc import Iterator

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Request, expect

from funmagic.core.weights import fetch_models
from tests.browser.product import ONE_WORKER, Product
from tests.browser.profiles import PROJECT, fresh_profile
from tests.browser.steps import TOOL, choose_photo, expect_balance, expect_result, press_run, sign_up
from tests.s3_server import S3Server


@pytest.fixture(scope="module")
def s3_product(tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server) -> Iterator[Product]:
    """A product of its own, whose files live in the S3 server."""
    data_dir = tmp_path_factory.mktemp("s3-product")
    fetch_models(PROJECT / ".data" / "models")
    (data_dir / "models").symlink_to(PROJECT / ".data" / "models")
    product = Product(data_dir, s3_server.environment | ONE_WORKER)
    assert "funmagic-private: made" in product.command("setup-storage")
    product.start()
    yield product
    product.stop()


@pytest.fixture
def s3_page(chromium: Browser, s3_product: Product) -> Iterator[Page]:
    """A tab with a fresh profile; whatever a page is kept from loading fails the test."""
    complaints: list[str] = []
    with fresh_profile(chromium, s3_product.url) as context:
        context.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        yield context.new_page()
    assert not complaints


def test_a_photo_goes_to_s3_and_its_cut_out_comes_from_there(
    s3_page: Page, s3_product: Product, s3_server: S3Server
) -> None:
    sent: list[Request] = []
    s3_page.on("requestfinished", lambda request: sent.append(request) if request.url.startswith("http") else None)
    sign_up(s3_page.context)
    s3_page.goto(TOOL)
    choose_photo(s3_page)
    press_run(s3_page)
    expect_result(s3_page)
    expect_balance(s3_page, 95)
    with s3_page.expect_download() as download:
        s3_page.get_by_role("link", name="Download PNG").click()
    image = Image.open(download.value.path())
    assert download.value.suggested_filename == "disc-background-remove.png"
    assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (640, 480))

    to_store = [request for request in sent if request.url.startswith(s3_server.url)]
    [upload] = [request for request in to_store if request.method == "PUT"]
    assert upload.url.startswith(f"{s3_server.url}/funmagic-private/uploads/")
    assert upload.response().status == 200
    shown = [request for request in to_store if request.resource_type == "image"]
    assert {request.url.split("/")[4] for request in shown} == {"inputs", "outputs"}
    assert httpx.get(upload.url.partition("?")[0]).status_code == httpx.codes.FORBIDDEN
    assert not any("/storage/" in request.url for request in sent)
    assert not (s3_product.data_dir / "storage").exists()
    expect(s3_page.locator(f'img[src^="{s3_server.url}/funmagic-private/outputs/"]').first).to_be_visible()
