"""What a built page asks for first: what people see, then its scripts."""

from pathlib import Path

import pytest

from funmagic.ui.reflex_seams.load_order import PLAIN_FONTS, LoadOrder, order_links

PAGE = (
    '<head><link as="style" href="/assets/a.css" rel="preload"/>'
    '<link rel="modulepreload" href="/assets/a.js"/><link rel="modulepreload" href="/assets/b.js"/></head>'
)
FONTS = ("bricolage-grotesque-latin-opsz-normal-a1b2c3d4.woff2", "instrument-sans-latin-wght-normal-a1b2c3d4.woff2")


def test_scripts_come_last_and_fonts_before_the_styles_that_name_them() -> None:
    page = order_links(PAGE, ["/assets/font.woff2"])
    assert page.count('rel="modulepreload" fetchpriority="low"') == 2
    assert page.index("/assets/font.woff2") < page.index("/assets/a.css")


def test_a_page_in_order_stays_as_it_is() -> None:
    page = order_links(PAGE, ["/assets/font.woff2"])
    assert order_links(page, ["/assets/font.woff2"]) == page


@pytest.mark.parametrize("page", [PAGE.replace("modulepreload", "prefetch"), PAGE.replace('as="style" ', "")])
def test_a_reflex_that_lays_out_pages_otherwise_is_noticed_at_build_time(page: str) -> None:
    with pytest.raises(RuntimeError, match="LoadOrder"):
        order_links(page, [])


def test_every_built_page_is_put_in_order_with_the_fonts_of_this_build(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "assets").mkdir()
    (tmp_path / "ui").mkdir()
    for font in FONTS:
        (tmp_path / "assets" / font).write_text(font)
    pages = [tmp_path / "index.html", tmp_path / "tools" / "index.html"]
    for page in pages:
        page.write_text(PAGE)
    LoadOrder().post_build(static_dir=tmp_path)
    for page in pages:
        assert all(f'href="/assets/{font}"' in page.read_text() for font in FONTS)
    # Pages that the server makes by itself know no hashes.
    assert [(tmp_path / name).read_text() for name in PLAIN_FONTS] == list(FONTS)
