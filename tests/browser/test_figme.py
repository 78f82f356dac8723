"""FigMe: from a portrait to a figure, and from the figure to a 3D model, whatever comes between."""

import io

import trimesh
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.product import Product
from tests.browser.profiles import ON_A_PHONE, fresh_profile
from tests.browser.steps import (
    FIGME,
    assert_accessible_in_both_themes,
    download,
    expect_balance,
    expect_stage,
    expect_within_width,
    number_in_facts,
    pick_style,
    record_shown,
    shown_values,
    sign_in,
    sign_up,
    start_figure,
    task_id_of,
)
from tests.browser.viewer_steps import assert_not_blank, do_without_webgl, wait_until_ready
from tests.factories import PASSWORD

INTO_3D = "Make it 3D (30 credits)"


def test_a_portrait_becomes_a_figure_and_the_figure_a_3d_model(
    page: Page, context: BrowserContext, product: Product
) -> None:
    sign_up(context)
    page.goto(FIGME)
    expect_stage(page, "select-style")
    expect(page.get_by_role("button", name="Continue")).to_be_disabled()
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Oil paint")).to_be_checked()
    expect_stage(page, "select-style")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Oil paint")).to_be_visible()
    page.get_by_role("button", name="Change style").click()
    pick_style(page, "Soft clay")
    page.get_by_role("button", name="Astronaut").click()
    record_shown(page, ".processing-image", "src")
    page.get_by_role("button", name="Generate (20 credits)").click()
    expect_stage(page, "image-result")
    assert any(address.startswith("data:image/webp;base64,") for address in shown_values(page))
    expect_balance(page, 80)
    name, data = download(page, "Download")
    assert (name, Image.open(io.BytesIO(data)).width) == ("astronaut-figme.png", 1024)
    figure = task_id_of(page)
    _save(page, product, figure)
    page.get_by_role("button", name=INTO_3D).click()
    expect_stage(page, "3d-result")
    expect_balance(page, 50)
    assert_not_blank(wait_until_ready(page))
    _check_model(page)
    do_without_webgl(page)
    _save(page, product, task_id_of(page))
    page.get_by_role("link", name="Back to the figure").click()
    expect_stage(page, "image-result")
    assert task_id_of(page) == figure
    page.get_by_role("link", name="See the 3D model").click()
    expect_stage(page, "3d-result")
    page.get_by_role("button", name="Start over").click()
    expect_stage(page, "select-style")
    page.wait_for_url(f"**{FIGME}")
    assert [
        row.n for row in product.query("SELECT count(*) AS n FROM tasks WHERE parent_task_id = :id", id=figure)
    ] == [1]


def test_a_download_leaves_the_page_able_to_go_on(page: Page, context: BrowserContext) -> None:
    start_figure(page, context)
    expect_stage(page, "image-result")
    page.evaluate("addEventListener('funmagic:line', ({ detail }) => detail || (window.wasCut = true))")
    download(page, "Download")
    assert not page.evaluate("window.wasCut")
    page.get_by_role("button", name=INTO_3D).click()
    expect_stage(page, "3d-result")
    expect_balance(page, 50)


def test_a_press_brings_a_line_back_that_the_page_hung_up_itself(page: Page, context: BrowserContext) -> None:
    do_without_webgl(page)
    start_figure(page, context)
    expect_stage(page, "image-result")
    # As browsers tell pages that they are left, though an answer that is a file keeps them where they are.
    page.evaluate("window.dispatchEvent(new Event('beforeunload'))")
    page.wait_for_function("() => window.funmagicLine === false")
    page.get_by_role("button", name=INTO_3D).click()
    expect_stage(page, "3d-result")
    expect_balance(page, 50)


def test_whoever_leaves_and_comes_back_finds_both_runs_where_they_are(
    page: Page, context: BrowserContext, elsewhere: Page, product: Product
) -> None:
    with product.workers_paused():
        email = start_figure(page, context)
        expect(page.get_by_text("In line")).to_be_visible()
        page.reload()
        expect_stage(page, "generating-image")
        address = page.url
        page.close()
        page = context.new_page()
        page.goto(FIGME)
        expect_stage(page, "generating-image")
        sign_in(elsewhere.context, email)
        elsewhere.goto(address)
        expect_stage(elsewhere, "generating-image")
    expect_stage(page, "image-result")
    expect_stage(elsewhere, "image-result")
    with product.workers_paused():
        elsewhere.get_by_role("button", name=INTO_3D).click()
        expect_stage(elsewhere, "generating-3d")
        elsewhere.reload()
        expect(elsewhere.get_by_text("In line")).to_be_visible()
        page.goto(address)
        expect(page.get_by_role("link", name="See it become 3D")).to_be_visible()
    expect(page.get_by_role("link", name="See the 3D model")).to_be_visible(timeout=60_000)
    expect_stage(elsewhere, "3d-result")
    assert_not_blank(wait_until_ready(elsewhere))


def test_a_3d_step_that_fails_or_is_cancelled_leaves_the_figure(
    page: Page, context: BrowserContext, product: Product
) -> None:
    do_without_webgl(page)
    start_figure(page, context)
    expect_stage(page, "image-result")
    with product.tool_config("figme", "3d-gen", credits=500):
        page.reload()
        page.get_by_role("button", name="Make it 3D (500 credits)").click()
        expect(page.get_by_text("This run costs 500 credits and you have 80, so 420 are missing.")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
    with product.tool_config("figme", "3d-gen", provider="nobody"):
        page.reload()
        page.get_by_role("button", name=INTO_3D).click()
        expect_stage(page, "3d-failed")
        expect(page.get_by_text("AI service error. Please try again. Nothing was charged.")).to_be_visible()
        expect_balance(page, 80)
    with product.workers_paused():
        page.get_by_role("button", name="Try again").click()
        expect_stage(page, "generating-3d")
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Run cancelled. Nothing was charged.")).to_be_visible()
        expect_balance(page, 80)
    page.get_by_role("link", name="Back to the figure").click()
    expect_stage(page, "image-result")
    expect(page.get_by_role("img", name="Your figure")).to_be_visible()
    page.get_by_role("button", name=INTO_3D).click()
    expect_stage(page, "3d-result")
    expect_balance(page, 50)


def test_a_figure_that_fails_costs_nothing_and_can_be_tried_again(
    page: Page, context: BrowserContext, product: Product
) -> None:
    with product.tool_config("figme", "image-gen", provider="nobody"):
        start_figure(page, context)
        expect_stage(page, "image-failed")
        expect_balance(page, 100)
    page.get_by_role("button", name="Try again").click()
    expect_stage(page, "image-result")
    expect_balance(page, 80)


def test_several_runs_go_on_side_by_side(page: Page, context: BrowserContext, product: Product) -> None:
    with product.workers_paused():
        start_figure(page, context)
        first = task_id_of(page)
        page.get_by_role("button", name="Start another run").click()
        page.wait_for_url(f"**{FIGME}")
        expect_stage(page, "upload-image")
        page.get_by_role("button", name="Coffee").click()
        page.get_by_role("button", name="Generate (20 credits)").click()
        page.wait_for_url(lambda address: "task=" in address and first not in address)
        expect(page.get_by_text("1 run before yours")).to_be_visible()
        runs = page.get_by_role("region", name="Your runs").get_by_role("link")
        expect(runs).to_have_count(2)
        page.locator(f"a[href$='{first}']").click()
        page.wait_for_url(f"**?task={first}")
    expect_stage(page, "image-result")
    expect(page.get_by_role("link", name="Image: coffee-figme.png")).to_be_visible(timeout=60_000)
    expect_balance(page, 60)


def test_photo_and_style_outlive_signing_up_in_the_dialog(page: Page) -> None:
    page.goto(FIGME)
    pick_style(page, "Neon night")
    page.get_by_role("button", name="Coffee").click()
    page.get_by_role("button", name="Generate (20 credits)").click()
    dialog = page.get_by_role("dialog", name="One moment before the magic")
    dialog.get_by_role("button", name="Create an account").click()
    dialog.get_by_label("Name").fill("Stranger")
    dialog.get_by_label("Email").fill("styled@example.com")
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Create account").click()
    expect_balance(page, 100)
    expect_stage(page, "upload-image")
    expect(page.get_by_text("Neon night")).to_be_visible()
    expect(page.get_by_text("coffee.jpg")).to_be_visible()
    expect(page.get_by_role("button", name="Generate (20 credits)")).to_be_enabled()


def test_a_phone_shows_every_stage_within_its_width_and_to_everybody(chromium: Browser, product: Product) -> None:
    with fresh_profile(chromium, product.url, **ON_A_PHONE) as context:
        page = context.new_page()
        sign_up(context)
        page.goto(FIGME)
        _check_before_the_run(page)
        with product.workers_paused():
            page.get_by_role("button", name="Generate (20 credits)").tap()
            expect(page.get_by_text("In line")).to_be_visible()
            _check_page(page)
        expect_stage(page, "image-result")
        _check_page(page)
        page.get_by_role("button", name=INTO_3D).tap()
        expect_stage(page, "3d-result")
        assert_not_blank(wait_until_ready(page))
        _check_page(page)


def _check_before_the_run(page: Page) -> None:
    expect_stage(page, "select-style")
    expect(page.get_by_role("radio")).to_have_count(8)
    tiles = [tile.bounding_box() for tile in page.locator(".choices-grid > *").all()]
    assert len({round(box["x"]) for box in tiles if box}) == 2
    _check_page(page)
    page.get_by_role("radio", name="Soft clay").check()
    expect(page.get_by_role("button", name="Continue")).to_be_in_viewport()
    page.get_by_role("button", name="Continue").tap()
    page.get_by_role("button", name="Astronaut").tap()
    _check_page(page)


def _check_page(page: Page) -> None:
    """Nothing sticks out to the side, and nothing is there only for some."""
    stage = page.locator("[data-stage]").get_attribute("data-stage") or ""
    expect_within_width(page)
    assert_accessible_in_both_themes(page, stage)


def _save(page: Page, product: Product, task_id: str) -> None:
    """Save what the stage shows; before that it is not among the person's files."""
    saved = "SELECT saved_at IS NOT NULL AS is_saved FROM assets WHERE task_id = :id"
    assert not product.query(saved, id=task_id)[0].is_saved
    page.get_by_role("button", name="Save to assets").click()
    expect(page.get_by_role("button", name="Saved")).to_be_disabled()
    assert product.query(saved, id=task_id)[0].is_saved
    page.reload()
    expect(page.get_by_role("button", name="Saved")).to_be_disabled()


def _check_model(page: Page) -> None:
    """The file is what the page says of it, and other programs read it: closed, textured, of a sensible size."""
    name, data = download(page, "Download GLB")
    assert name == "astronaut-figme.glb"
    mesh = trimesh.load_mesh(io.BytesIO(data), file_type="glb")
    assert len(mesh.faces) == number_in_facts(page, "faces")
    assert len(mesh.vertices) == number_in_facts(page, "vertices")
    assert len(mesh.faces) > 1000
    assert min(mesh.extents) > 0.05 * max(mesh.extents)
    assert mesh.visual.kind == "texture"
    assert mesh.visual.material.baseColorTexture.width >= 256
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    assert mesh.is_watertight
