"""Web processes and PostgreSQL go away under open pages and come back: no page needs to be loaded again."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from funmagic.core.weights import fetch_models
from tests.browser.product import ONE_WORKER, Product
from tests.browser.profiles import PROJECT, fresh_profile
from tests.browser.proxy import Proxy
from tests.browser.steps import (
    TOOL,
    choose_photo,
    expect_balance,
    expect_result,
    press_run,
    run_button,
    sign_up,
    start_run,
    start_waiting_run,
    task_id_of,
)
from tests.browser.web import Web
from tests.factories import wait_until
from tests.ports import free_port
from tests.postgres import Cluster

LOST = "Connection lost. Trying to reach FunMagic again"
PAUSED = "Live updates are paused. Your run goes on."
AWAY = "We cannot reach our records at the moment. Nothing is lost; this page goes on by itself."


class Site:
    """A product on PostgreSQL, one more web process of it, and a proxy before the two."""

    def __init__(self, product: Product, proxy: Proxy) -> None:
        self.product, self.proxy = product, proxy
        self.other = Web(product)

    def lose_web(self) -> None:
        """Kill the process that serves; nobody does until `recover`."""
        self.proxy.target = free_port()
        for process in self.product.find_processes("web"):
            process.kill()

    def recover(self) -> None:
        """Have the other process serve."""
        self.proxy.target = self.other.port

    def reset(self) -> None:
        """Have the product's own process serve, which the supervisor has started again."""
        wait_until(self.product.is_ready)
        self.proxy.target = self.product.port


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """The product's PostgreSQL, which tests may stop."""
    cluster = Cluster()
    cluster.start()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="module")
def running_site(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[Site]:
    """The site, for all tests of this file."""
    data_dir = tmp_path_factory.mktemp("postgresql-product")
    fetch_models(PROJECT / ".data" / "models")
    (data_dir / "models").symlink_to(PROJECT / ".data" / "models")
    proxy = Proxy()
    urls = {"FUNMAGIC_DATABASE_URL": cluster.url, "FUNMAGIC_PUBLIC_URL": proxy.url}
    product = Product(data_dir, urls | ONE_WORKER)
    product.start()
    site = Site(product, proxy)
    site.other.start()
    yield site
    proxy.close()
    site.other.kill()
    product.stop()


@pytest.fixture
def site(running_site: Site) -> Site:
    """The site with everything running."""
    running_site.reset()
    return running_site


@pytest.fixture
def tab(chromium: Browser, site: Site) -> Iterator[Page]:
    """A tab with a fresh profile; it is loaded once."""
    loads: list[str] = []
    with fresh_profile(chromium, site.proxy.url) as context:
        tab = context.new_page()
        tab.on("load", lambda page: loads.append(page.url))
        yield tab
    assert len(loads) == 1


def test_a_run_is_watched_to_its_end_at_another_process(tab: Page, site: Site) -> None:
    with site.product.workers_paused():
        start_waiting_run(tab, tab.context)
        site.lose_web()
        expect(tab.get_by_text(LOST)).to_be_visible()
        site.recover()
        expect(tab.get_by_text(LOST)).to_be_hidden()
        expect(tab.get_by_text("In line")).to_be_visible()
    expect_result(tab)
    expect_balance(tab, 95)
    _expect_charged(site, tab, 1)


def test_an_open_page_outlives_the_stop_and_start_of_its_process(tab: Page, site: Site) -> None:
    site.recover()
    with site.product.workers_paused():
        start_waiting_run(tab, tab.context)
        site.other.stop()
        site.other.start()
        expect(tab.get_by_text(LOST)).to_be_hidden()
        expect(tab.get_by_text("In line")).to_be_visible()
    expect_result(tab)


def test_buttons_work_that_were_pressed_while_nobody_served(tab: Page, site: Site) -> None:
    with site.product.workers_paused():
        start_waiting_run(tab, tab.context)
        site.lose_web()
        expect(tab.get_by_text(LOST)).to_be_visible()
        tab.get_by_role("button", name="Cancel").click()
        site.recover()
        expect(tab.get_by_text("Run cancelled. Nothing was charged.")).to_be_visible()
        expect_balance(tab, 100)
    tab.get_by_role("button", name="Try again").click()
    expect_result(tab)
    expect_balance(tab, 95)
    tab.get_by_role("button", name="New photo").click()
    expect(tab.get_by_text("Drop a photo here")).to_be_visible()


def test_a_photo_stays_that_was_chosen_or_on_its_way_to_the_store(tab: Page, site: Site) -> None:
    held = _hold_uploads(tab)
    sign_up(tab.context)
    tab.goto(TOOL)
    choose_photo(tab)
    press_run(tab)
    expect(tab.get_by_text("Uploading")).to_be_visible()
    wait_until(lambda: _wait_a_tick(tab) or held)
    site.lose_web()
    expect(tab.get_by_text(LOST)).to_be_visible()
    site.recover()
    expect(tab.get_by_text("disc.jpg")).to_be_visible()
    expect(run_button(tab)).to_be_enabled()
    tab.unroute("**/storage/**")
    press_run(tab)
    expect_result(tab)
    expect_balance(tab, 95)
    _expect_charged(site, tab, 1)


def test_a_run_is_found_that_started_as_its_process_died(tab: Page, site: Site) -> None:
    start_run(tab, tab.context)
    expect_result(tab)
    first = task_id_of(tab)
    tab.get_by_role("button", name="New photo").click()
    choose_photo(tab)
    expect(run_button(tab)).to_be_enabled()
    with site.product.redis_hung():  # between the commit and the answer, the run is put on a queue
        press_run(tab)
        wait_until(lambda: len(_runs_of_the_person(site, first)) > 1)
        site.lose_web()
    site.recover()
    tab.wait_for_url(lambda url: "task=" in url and first not in url)
    expect_result(tab)
    expect_balance(tab, 90)
    _expect_charged(site, tab, 2)


def test_an_upload_goes_on_when_only_the_connection_was_lost(tab: Page, site: Site) -> None:
    held = _hold_uploads(tab)
    sign_up(tab.context)
    tab.goto(TOOL)
    choose_photo(tab)
    press_run(tab)
    wait_until(lambda: _wait_a_tick(tab) or held)
    with tab.expect_websocket() as again:
        site.proxy.cut()
    again.value.wait_for_event("framereceived", lambda frame: 'is_hydrated_rx_state_":true' in str(frame))
    expect(tab.get_by_text("Uploading")).to_be_visible()
    held[0].continue_()
    expect_result(tab)
    expect_balance(tab, 95)
    _expect_charged(site, tab, 1)


def test_a_page_says_that_the_database_is_away_and_goes_on_when_it_is_back(
    tab: Page, site: Site, cluster: Cluster
) -> None:
    with site.product.workers_paused():
        start_waiting_run(tab, tab.context)
        cluster.stop()
        tab.get_by_role("button", name="Cancel").click()
        expect(tab.get_by_text("Nothing is lost or charged twice; please try again in a minute.")).to_be_visible()
        expect(tab.get_by_text(AWAY)).to_be_visible()
        expect(tab.get_by_text("In line")).to_be_visible()
        site.proxy.cut()
        expect(tab.get_by_text(PAUSED)).to_be_visible()
        cluster.resume()
        expect(tab.get_by_text(AWAY)).to_be_hidden()
        expect(tab.get_by_text(PAUSED)).to_be_hidden()
        cluster.cut_connections()
    expect_result(tab)
    expect_balance(tab, 95)
    _expect_charged(site, tab, 1)


def _hold_uploads(tab: Page) -> list[Route]:
    held: list[Route] = []
    tab.route("**/storage/**", lambda route: held.append(route) if route.request.method == "PUT" else route.continue_())
    return held


def _wait_a_tick(tab: Page) -> None:
    """Playwright calls our handlers only while we wait for it."""
    tab.evaluate("null")


def _expect_charged(site: Site, tab: Page, times: int) -> None:
    """So many runs of the person's were started, and each was paid once."""
    ids = _runs_of_the_person(site, task_id_of(tab))
    paid = [
        len(site.product.query("SELECT id FROM credit_transactions WHERE task_id = :id AND type = 'usage'", id=id_))
        for id_ in ids
    ]
    assert paid == [1] * times


def _runs_of_the_person(site: Site, task_id: str) -> list[str]:
    statement = "SELECT id FROM tasks WHERE user_id = (SELECT user_id FROM tasks WHERE id = :id)"
    return [row.id for row in site.product.query(statement, id=task_id)]
