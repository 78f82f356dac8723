"""FigMe and Crystal Memory through the real SDKs of emulated providers, on their good days and their bad ones."""

import io
import json
import re
import threading
from collections.abc import Iterator

import numpy as np
import pytest
import trimesh
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.emulated import Emulators, keep_breaker_open, provided_by_emulators, save_again
from tests.browser.product import Product
from tests.browser.steps import (
    CRYSTAL,
    FIGME,
    download,
    expect_balance,
    expect_stage,
    number_in_facts,
    pick_style,
    record_shown,
    shown_values,
    sign_up,
    start_cloud,
    start_figure,
    task_id_of,
)
from tests.browser.viewer_steps import assert_not_blank, do_without_webgl, wait_until_ready
from tests.factories import wait_until

INTO_3D = "Make it 3D (30 credits)"
PREVIEW = re.compile(r"^data:image/webp;base64,")
SERVICE_FAILED = "AI service error. Please try again. Nothing was charged."
PHOTO_DECLINED = "The AI service declined this photo. Please try another one. Nothing was charged."
PATIENCE_S = 60
# The emulated cut-out is a red disc with a green mark.
DISC_COLORS = 2


@pytest.fixture(scope="module")
def all_emulators(product: Product) -> Iterator[Emulators]:
    """The providers of both tools."""
    with provided_by_emulators(product) as emulators:
        yield emulators


@pytest.fixture
def emulators(all_emulators: Emulators) -> Emulators:
    """The same providers, knowing nothing of earlier tests."""
    all_emulators.reset()
    return all_emulators


def test_openai_makes_the_figure_and_tripo_the_3d_model(
    page: Page, context: BrowserContext, emulators: Emulators
) -> None:
    gate = threading.Semaphore(0)
    _next_at_openai(emulators, "held", gate=gate)
    sign_up(context)
    page.goto(FIGME)
    expect_balance(page, 100)
    pick_style(page, "Soft clay")
    page.get_by_role("button", name="Astronaut").click()
    page.get_by_role("button", name="Generate (20 credits)").click()
    unfinished = page.locator(".processing-image")
    expect(unfinished).to_have_attribute("src", PREVIEW)
    first = unfinished.get_attribute("src") or ""
    gate.release()
    expect(unfinished).not_to_have_attribute("src", first)
    expect(unfinished).to_have_attribute("src", PREVIEW)
    gate.release()
    expect_stage(page, "image-result")
    expect_balance(page, 80)
    expect(page.locator(".result-quality")).to_have_count(0)
    assert emulators.paid_jobs() == {"openai": 1}
    page.get_by_role("button", name=INTO_3D).click()
    expect_stage(page, "3d-result")
    expect_balance(page, 50)
    assert_not_blank(wait_until_ready(page))
    _check_model(page)
    assert emulators.paid_jobs() == {"openai": 1, "tripo": 1}


def test_fal_cuts_out_the_subject_and_replicate_lifts_it_into_space(
    page: Page, context: BrowserContext, product: Product, emulators: Emulators
) -> None:
    start_cloud(page, context)
    expect_stage(page, "completed")
    expect_balance(page, 80)
    assert_not_blank(wait_until_ready(page), least_colors=DISC_COLORS)
    _check_cloud(page)
    assert emulators.paid_jobs() == {"fal": 1, "replicate": 1}
    assert _ledger(product, task_id_of(page)) == [("reservation", 0, 20), ("usage", -20, -20)]


def test_nobody_notices_that_both_providers_were_busy_for_a_moment(
    page: Page, context: BrowserContext, product: Product, emulators: Emulators
) -> None:
    for provider in (emulators.fal, emulators.replicate):
        provider.script("rate-limited", "status-limited", retryAfter=1)
    sign_up(context)
    page.goto(CRYSTAL)
    page.get_by_role("button", name="Astronaut").click()
    record_shown(page, "[data-stage]", "data-stage")
    page.get_by_role("button", name="Create (20 credits)").click()
    task_id = task_id_of(page)
    *before, last = _statuses_until_over(context, task_id)
    assert (set(before) <= {"processing"}, last) == (True, "completed")
    expect_stage(page, "completed")
    expect_balance(page, 80)
    stages = shown_values(page)
    assert stages[-1] == "completed"
    assert "failed" not in stages
    events = _events(context, task_id)
    assert events.count("step_completed") == 2
    assert not {"step_failed", "failed"} & set(events)
    steps = product.query("SELECT retries FROM task_steps WHERE task_id = :id ORDER BY position", id=task_id)
    assert [step.retries for step in steps] == [1, 1]
    assert emulators.fal.requests["submit"] == emulators.replicate.requests["create"] == 2
    assert [job.fault.name for job in emulators.fal.jobs.values()] == ["status-limited"]
    assert [job.fault.name for job in emulators.replicate.jobs.values()] == ["status-limited"]
    assert _ledger(product, task_id) == [("reservation", 0, 20), ("usage", -20, -20)]


def test_a_photo_that_openai_declines_costs_nothing_and_is_not_sent_again(
    page: Page, context: BrowserContext, product: Product, emulators: Emulators
) -> None:
    _next_at_openai(emulators, "moderation")
    start_figure(page, context)
    expect_stage(page, "image-failed")
    expect(page.get_by_text(PHOTO_DECLINED)).to_be_visible()
    expect_balance(page, 100)
    assert emulators.openai.requests["edits"] == 1
    assert emulators.paid_jobs() == {}
    assert _ledger(product, task_id_of(page)) == [("release", 0, -20), ("reservation", 0, 20)]
    emulators.openai.faults.clear()
    page.get_by_role("button", name="Try again").click()
    expect_stage(page, "image-result")
    expect_balance(page, 80)
    page.get_by_role("button", name="Start over").click()
    expect_stage(page, "select-style")


def test_an_account_without_credit_at_tripo_leaves_the_figure_and_is_not_asked_again(
    page: Page, context: BrowserContext, product: Product, emulators: Emulators
) -> None:
    emulators.tripo.balance = 0
    do_without_webgl(page)
    start_figure(page, context)
    expect_stage(page, "image-result")
    page.get_by_role("button", name=INTO_3D).click()
    _expect_no_model(page)
    [tripo] = product.query("SELECT is_healthy, health_note FROM providers WHERE name = 'tripo'")
    assert not tripo.is_healthy
    assert tripo.health_note.startswith("The provider turns our account away: it is out of credit")
    keep_breaker_open(product, "tripo")

    refused = task_id_of(page)
    page.get_by_role("button", name="Try again").click()
    page.wait_for_url(lambda address: "task=" in address and refused not in address)
    _expect_no_model(page)
    assert (emulators.tripo.requests["upload"], emulators.tripo.requests["create"]) == (1, 1)
    # The stage looks the same while the second run is still on its way.
    for task_id in (refused, task_id_of(page)):
        wait_until(lambda task_id=task_id: _ledger(product, task_id) == [("release", 0, -30), ("reservation", 0, 30)])

    page.get_by_role("link", name="Back to the figure").click()
    expect_stage(page, "image-result")
    expect(page.get_by_role("img", name="Your figure")).to_be_visible()
    emulators.tripo.balance = 1000
    save_again(product, "tripo")
    page.get_by_role("button", name=INTO_3D).click()
    expect_stage(page, "3d-result")
    expect_balance(page, 50)
    assert emulators.paid_jobs() == {"openai": 1, "tripo": 1}


def _next_at_openai(emulators: Emulators, fault: str, **values: object) -> None:
    """Give the next picture this fault; once more, for the product may ask at any time how OpenAI is."""
    emulators.openai.script(fault, fault, **values)


def _expect_no_model(page: Page) -> None:
    expect_stage(page, "3d-failed")
    expect(page.get_by_text(SERVICE_FAILED)).to_be_visible()
    expect_balance(page, 80)


def _ledger(product: Product, task_id: str) -> list[tuple[str, int, int]]:
    """What a run did to what its owner has and to what is held of it, in alphabetical order."""
    lines = "SELECT type, amount, reserved_delta FROM credit_transactions WHERE task_id = :id"
    return sorted((line.type, line.amount, line.reserved_delta) for line in product.query(lines, id=task_id))


def _statuses_until_over(context: BrowserContext, task_id: str) -> list[str]:
    """Each status that the API tells of a run, once it has begun, until it is over."""
    seen: list[str] = []

    def is_over() -> bool:
        status = context.request.get(f"/api/tasks/{task_id}").json()["task"]["status"]
        if (seen or status not in ("pending", "queued")) and [status] != seen[-1:]:
            seen.append(status)
        return status in ("completed", "failed")

    wait_until(is_over, PATIENCE_S)
    return seen


def _events(context: BrowserContext, task_id: str) -> list[str]:
    """The types of all events of a run that is over."""
    stream = context.request.get(f"/api/tasks/{task_id}/stream").text()
    return [json.loads(line.removeprefix("data:"))["type"] for line in stream.splitlines() if line.startswith("data:")]


def _check_model(page: Page) -> None:
    """The file is what Tripo made, and what the page says of it."""
    name, data = download(page, "Download GLB")
    assert name == "astronaut-figme.glb"
    mesh = trimesh.load_mesh(io.BytesIO(data), file_type="glb")
    assert len(mesh.faces) == number_in_facts(page, "faces") == 320
    assert len(mesh.vertices) == number_in_facts(page, "vertices")
    assert mesh.visual.material.baseColorTexture.size == (64, 64)


def _check_cloud(page: Page) -> None:
    """The file holds the red disc that fal cut out, and nothing of the wall behind it."""
    name, data = download(page, "Download PLY")
    assert name == "astronaut-crystal-memory.ply"
    [cloud] = trimesh.load_scene(io.BytesIO(data), file_type="ply").geometry.values()
    assert isinstance(cloud, trimesh.PointCloud)
    assert len(cloud.vertices) == number_in_facts(page, "points") > 10_000
    assert np.isfinite(cloud.vertices).all()
    width, height, depth = cloud.extents
    assert abs(width - height) < 0.05 * width
    assert 0 < depth < width
    red, _green, blue = cloud.colors[:, :3].mean(axis=0)
    assert red > blue + 50
