"""Crystal Memory: one click, two steps, and a cloud of points to fly around."""

import io

import numpy as np
import trimesh
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.product import Product
from tests.browser.profiles import ON_A_PHONE, fresh_profile
from tests.browser.steps import (
    CRYSTAL,
    assert_accessible_in_both_themes,
    download,
    expect_balance,
    expect_stage,
    expect_within_width,
    number_in_facts,
    record_shown,
    shown_values,
    sign_up,
    start_cloud,
    task_id_of,
)
from tests.browser.viewer_steps import assert_not_blank, wait_until_ready


def test_a_photo_becomes_a_cloud_of_points_in_two_steps(page: Page, context: BrowserContext) -> None:
    sign_up(context)
    page.goto(CRYSTAL)
    page.get_by_role("button", name="Astronaut").click()
    record_shown(page, ".processing-title", "textContent")
    page.get_by_role("button", name="Create (20 credits)").click()
    expect_stage(page, "completed")
    steps = [title for title in shown_values(page) if title.startswith("Step")]
    assert steps == ["Step 1 of 2: Cutting out the subject", "Step 2 of 2: Lifting it into space"]
    expect_balance(page, 80)
    assert_not_blank(wait_until_ready(page))
    name, data = download(page, "Download PLY")
    assert name == "astronaut-crystal-memory.ply"
    assert data.startswith(b"ply\nformat binary_little_endian 1.0\n")
    [cloud] = trimesh.load_scene(io.BytesIO(data), file_type="ply").geometry.values()
    assert isinstance(cloud, trimesh.PointCloud)
    assert len(cloud.vertices) == number_in_facts(page, "points") > 10_000
    assert np.isfinite(cloud.vertices).all()
    assert np.abs(cloud.bounds.mean(axis=0)).max() < 0.2 * cloud.extents.max()
    # An orange suit: the colours are the photo's.
    red, _green, blue = cloud.colors[:, :3].mean(axis=0)
    assert red > blue + 20
    first = task_id_of(page)
    page.get_by_role("button", name="New photo").click()
    expect(page.get_by_text("Drop a photo here")).to_be_visible()
    page.locator(f"a[href$='{first}']").click()
    expect_stage(page, "completed")


def test_a_second_step_that_fails_costs_nothing_and_can_be_tried_again(
    page: Page, context: BrowserContext, product: Product
) -> None:
    with product.tool_config("crystal-memory", "vggt", provider="nobody"):
        start_cloud(page, context)
        expect(page.get_by_text("AI service error. Please try again. Nothing was charged.")).to_be_visible(
            timeout=60_000
        )
        expect_balance(page, 100)
    page.get_by_role("button", name="Try again").click()
    expect_stage(page, "completed")
    expect_balance(page, 80)


def test_a_run_outlives_its_tab_and_can_be_cancelled_from_another(
    page: Page, context: BrowserContext, product: Product
) -> None:
    with product.workers_paused():
        start_cloud(page, context)
        expect(page.get_by_text("In line")).to_be_visible()
        page.close()
        later = context.new_page()
        later.goto(CRYSTAL)
        expect(later.get_by_text("In line")).to_be_visible()
        later.reload()
        later.get_by_role("button", name="Cancel").click()
        expect(later.get_by_text("Run cancelled. Nothing was charged.")).to_be_visible()
        expect_balance(later, 100)
    later.get_by_role("button", name="Try again").click()
    expect_stage(later, "completed")
    later.reload()
    assert_not_blank(wait_until_ready(later))


def test_too_few_credits_are_said_before_anything_is_uploaded(
    page: Page, context: BrowserContext, product: Product
) -> None:
    sign_up(context)
    with product.tool_config("crystal-memory", "vggt", credits=500):
        page.goto(CRYSTAL)
        page.get_by_role("button", name="Coffee").click()
        page.get_by_role("button", name="Create (505 credits)").click()
        sentence = "This run costs 505 credits and you have 100, so 405 are missing."
        expect(page.get_by_text(sentence)).to_be_visible()
        assert product.query("SELECT count(*) AS n FROM tasks WHERE credits_cost = 505")[0].n == 0


def test_a_phone_shows_the_points_within_its_width_and_to_everybody(chromium: Browser, product: Product) -> None:
    with fresh_profile(chromium, product.url, **ON_A_PHONE) as context:
        page = context.new_page()
        start_cloud(page, context)
        expect_stage(page, "completed")
        assert_not_blank(wait_until_ready(page))
        expect_within_width(page)
        assert_accessible_in_both_themes(page, "the points")
