"""The viewers of 3D models and point clouds, on a page of their own."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from scipy import ndimage
from trimesh.visual import TextureVisuals
from trimesh.visual.material import PBRMaterial

from tests.browser.product import Product
from tests.browser.profiles import DESKTOP, PHONE, fresh_profile
from tests.browser.steps import assert_accessible, expect_within_width
from tests.browser.viewer_page import LABEL, build_viewer_page, served
from tests.browser.viewer_steps import assert_not_blank, do_without_webgl, pixels_of, wait_until_ready
from worker.files.clouds import MOST_POINTS, Cloud, render_cloud_preview

MODEL = "/?kind=model&src=model.glb"
CLOUD = "/?kind=cloud&src=cloud.ply"
LARGEST_CLOUD = "/?kind=cloud&src=largest.ply"
FEW_POINTS = 50_000
POINT = [
    ("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("red", "u1"), ("green", "u1"), ("blue", "u1"), ("confidence", "<f4"),
]  # fmt: skip
LOSE_CONTEXT = """() => {
  window.loss = document.querySelector(".viewer canvas").getContext("webgl2").getExtension("WEBGL_lose_context");
  window.loss.loseContext();
}"""
COUNT_DRAWS = """
window.draws = 0;
for (const name of ["drawArrays", "drawElements"]) {
  const known = WebGL2RenderingContext.prototype[name];
  WebGL2RenderingContext.prototype[name] = function (...rest) { window.draws += 1; return known.apply(this, rest); };
}
"""
NEXT_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture(scope="module")
def site(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Viewers, and files for them."""
    folder = tmp_path_factory.mktemp("viewers")
    build_viewer_page(folder)
    write_model(folder / "site/model.glb")
    write_cloud(folder / "site/cloud.ply", FEW_POINTS)
    write_cloud(folder / "site/largest.ply", MOST_POINTS)
    (folder / "site/broken.glb").write_bytes(b"<html>This is no model.</html>")
    (folder / "site/poster.png").write_bytes(render_cloud_preview(colourful_cube(FEW_POINTS)))
    with served(folder) as address:
        yield address


@pytest.fixture
def context(chromium: Browser, site: str) -> Iterator[BrowserContext]:
    """A person who wants little motion, so that pictures can be compared."""
    with fresh_profile(chromium, site) as context:
        yield context


@pytest.mark.parametrize("address", [MODEL, LARGEST_CLOUD], ids=["model", "cloud"])
def test_a_viewer_shows_its_file_at_every_size_and_axe_finds_nothing_serious(page: Page, address: str) -> None:
    page.goto(address)
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert_not_blank(wait_until_ready(page))
        for scheme in ("light", "dark"):
            page.evaluate("(scheme) => { document.documentElement.className = scheme; }", scheme)
            assert_accessible(page, scheme)
        expect_within_width(page)
        for button in page.locator(".viewer-tool:visible").all():
            box = button.bounding_box()
            assert box
            assert min(box["width"], box["height"]) >= 44


def test_a_model_obeys_the_keyboard_and_rests_until_it_is_told_to_turn(page: Page) -> None:
    page.add_init_script(COUNT_DRAWS)
    page.goto(MODEL)
    viewer = wait_until_ready(page)
    turn = viewer.get_by_role("button", name="Turn by itself")
    expect(turn).to_have_attribute("aria-pressed", "false")
    viewer.get_by_role("application", name=LABEL).focus()
    # Which takes the hint away.
    press(page, "r")
    first = pixels_of(viewer)
    for key in ("ArrowRight", "ArrowUp", "+", "l"):
        seen = pixels_of(viewer)
        press(page, key)
        assert differ(pixels_of(viewer), seen), key
    expect(viewer.get_by_role("button", name="Light: warm")).to_be_visible()
    press(page, "w")
    expect(viewer.get_by_role("button", name="Wireframe")).to_have_attribute("aria-pressed", "true")
    for key in ("w", "l", "l", "r"):
        press(page, key)
    assert not differ(pixels_of(viewer), first)
    press(page, "f")
    expect(viewer).to_have_attribute("data-full", "true")
    press(page, "f")
    expect(viewer).to_have_attribute("data-full", "false")
    page.evaluate(NEXT_FRAMES)
    before = page.evaluate("window.draws")
    page.evaluate(NEXT_FRAMES)
    assert page.evaluate("window.draws") == before
    turn.click()
    page.wait_for_function("(before) => window.draws > before + 10", arg=before)


def test_a_cloud_hides_what_is_uncertain_and_draws_larger_points(page: Page) -> None:
    page.goto(CLOUD)
    viewer = wait_until_ready(page)
    everything = pixels_of(viewer)
    viewer.get_by_role("slider", name="Hide uncertain").fill("60")
    page.evaluate(NEXT_FRAMES)
    sure = pixels_of(viewer)
    assert differ(sure, everything)
    viewer.get_by_role("slider", name="Point size").fill("-2")
    page.evaluate(NEXT_FRAMES)
    assert differ(pixels_of(viewer), sure)
    viewer.get_by_role("radio", name="Black").check(force=True)
    corner = pixels_of(viewer)[20, 20]
    assert corner.max() < 30


@pytest.mark.parametrize("address", [MODEL, CLOUD], ids=["model", "cloud"])
def test_3d_stands_in_a_dark_gallery_in_both_themes(page: Page, address: str) -> None:
    page.goto(address)
    viewer = wait_until_ready(page)
    for scheme in ("light", "dark"):
        page.evaluate("(scheme) => { document.documentElement.className = scheme; }", scheme)
        assert pixels_of(viewer)[20, 20].max() < 60


def test_the_ground_can_be_like_the_page(page: Page) -> None:
    page.goto(CLOUD)
    viewer = wait_until_ready(page)
    viewer.get_by_role("radio", name="Like the page").check(force=True)
    assert pixels_of(viewer)[20, 20].min() > 180


def test_poster_and_points_coincide_so_that_nothing_doubles_while_one_fades(page: Page) -> None:
    page.goto(CLOUD)
    viewer = wait_until_ready(page)
    expect(viewer.locator("canvas")).to_have_css("opacity", "1")
    points = shape_of(viewer)
    page.add_style_tag(content=".viewer-canvas > canvas { display: none !important; }")
    page.add_style_tag(content=".viewer .viewer-poster { visibility: visible !important; opacity: 1 !important; }")
    poster = shape_of(viewer)
    assert points.mean() > 0.1
    assert (points & poster).sum() > 0.95 * (points | poster).sum()


def test_the_wheel_scrolls_the_page_until_the_viewer_is_clicked(page: Page) -> None:
    page.set_viewport_size({"width": 1000, "height": 380})
    page.goto(CLOUD)
    viewer = wait_until_ready(page)
    page.mouse.move(500, 200)
    page.mouse.wheel(0, 60)
    page.wait_for_function("scrollY === 60")
    page.mouse.click(500, 200)
    before = pixels_of(viewer)
    page.mouse.wheel(0, 60)
    page.evaluate(NEXT_FRAMES)
    assert differ(pixels_of(viewer), before)


def test_a_damaged_file_and_a_missing_one_are_told_and_can_be_tried_again(page: Page, site: str) -> None:
    page.goto("/?kind=model&src=broken.glb")
    expect(page.get_by_role("alert")).to_contain_text("This 3D model cannot be shown here.")
    expect(page.get_by_role("img", name=LABEL)).to_be_visible()
    page.goto("/?kind=cloud&src=late.ply")
    expect(page.get_by_role("alert")).to_contain_text("The file could not be loaded.")
    expect(page.get_by_role("link", name="Download")).to_have_attribute("href", "late.ply")
    page.route("**/late.ply", lambda route: route.fulfill(response=route.fetch(url=f"{site}/cloud.ply")))
    page.get_by_role("button", name="Try again").click()
    assert_not_blank(wait_until_ready(page))


def test_a_lost_graphics_card_is_told_and_comes_back(page: Page) -> None:
    page.goto(CLOUD)
    viewer = wait_until_ready(page)
    page.evaluate(LOSE_CONTEXT)
    expect(viewer).to_have_attribute("data-problem", "lost")
    expect(viewer.get_by_role("link", name="Download")).to_be_visible()
    page.evaluate("() => window.loss.restoreContext()")
    assert_not_blank(wait_until_ready(page))
    page.evaluate(LOSE_CONTEXT)
    viewer.get_by_role("button", name="Try again").click()
    assert_not_blank(wait_until_ready(page))


def test_without_webgl_the_poster_stays_and_nothing_more_is_loaded(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
    do_without_webgl(page)
    page.goto(MODEL)
    expect(page.locator(".viewer")).to_have_attribute("data-state", "unsupported")
    expect(page.get_by_role("alert")).to_contain_text("This browser cannot show 3D.")
    expect(page.get_by_role("img", name=LABEL)).to_be_visible()
    assert not [name for name in asked if name == "model.glb" or "scene" in name]


def test_a_viewer_that_is_gone_leaves_no_canvas_behind(page: Page) -> None:
    page.goto(CLOUD)
    wait_until_ready(page)
    page.evaluate("() => window.leave()")
    expect(page.locator("canvas")).to_have_count(0)


def test_pages_without_a_viewer_load_none_of_its_code(chromium: Browser, product: Product) -> None:
    page = chromium.new_page(base_url=product.url)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("/", "/tools", "/tools/background-remove"):
        page.goto(path)
        expect(page.locator(".skeleton")).to_have_count(0)
    page.close()
    assert [url for url in asked if url.endswith(".js")]
    assert not [url for url in asked if "scene" in url or "OrbitControls" in url]


def press(page: Page, key: str) -> None:
    page.keyboard.press(key)
    page.evaluate(NEXT_FRAMES)


def differ(one: np.ndarray, other: np.ndarray) -> bool:
    changed = np.abs(one.astype(int) - other).max(axis=2) > 12
    return bool(changed.mean() > 0.002)


def shape_of(viewer: Locator) -> np.ndarray:
    """Which pixels over the tools lie among bright or strong colours: the cube has them, glass and ground do not."""
    pixels = pixels_of(viewer).astype(int)
    shape = (np.ptp(pixels, axis=2) > 48) | (pixels.max(axis=2) > 140)
    shape[-90:] = False
    return np.asarray(ndimage.binary_fill_holes(ndimage.binary_closing(shape, iterations=8)))


def write_model(path: Path) -> None:
    ball = trimesh.creation.icosphere(4, 0.5)
    ring = trimesh.creation.torus(0.6, 0.1)
    texture = Image.merge("RGB", [Image.linear_gradient("L").rotate(angle) for angle in (0, 90, 180)])
    for mesh in (ball, ring):
        material = PBRMaterial(baseColorTexture=texture, metallicFactor=0.0, roughnessFactor=0.6)
        mesh.visual = TextureVisuals(uv=mesh.vertices[:, :2] + 0.5, material=material)
    path.write_bytes(trimesh.Scene([ball, ring]).export(file_type="glb"))


def colourful_cube(count: int) -> Cloud:
    random = np.random.default_rng(7)
    points = random.uniform(-1, 1, (count, 3)).astype(np.float32)
    colours = ((points + 1) * 127).astype(np.uint8)
    return Cloud(points, colours, np.abs(points[:, 0]))


def write_cloud(path: Path, count: int) -> None:
    """The cube as another program might write it, its confidence above 1."""
    cube = colourful_cube(count)
    points = np.zeros(count, dtype=POINT)
    for column, (axis, channel) in enumerate(zip("xyz", ("red", "green", "blue"), strict=True)):
        points[axis] = cube.points[:, column]
        points[channel] = cube.colours[:, column]
    points["confidence"] = 1 + cube.confidence
    kinds = {"<f4": "float", "|u1": "uchar"}
    properties = "".join(f"property {kinds[points.dtype[name].str]} {name}\n" for name, _ in POINT)
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {count}\n{properties}end_header\n"
    path.write_bytes(header.encode() + points.tobytes())
