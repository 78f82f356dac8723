"""In what order browsers load a built page: what people see first, then the scripts. Read in Reflex 0.10.1."""

import shutil
from pathlib import Path
from typing import Unpack

import reflex as rx
from reflex_base.plugins.base import PostBuildContext

SCRIPT = '<link rel="modulepreload" '
SCRIPT_LAST = f'{SCRIPT}fetchpriority="low" '
STYLES = '<link as="style" '
FONT = '<link as="font" crossorigin="" href="{}" rel="preload" type="font/woff2"/>'
# Latin letters: what every page is set in. Others load when a page has them.
FONTS = ("bricolage-grotesque-latin-opsz-normal-*.woff2", "instrument-sans-latin-wght-normal-*.woff2")
# The same under names that stay, for the pages that the server makes by itself: see assets/ui/plain.css.
PLAIN_FONTS = ("ui/display.woff2", "ui/text.woff2")


class LoadOrder(rx.plugins.Plugin):
    """Built pages are whole without their scripts; left alone, browsers fetch those before pictures and fonts."""

    def post_build(self, **context: Unpack[PostBuildContext]) -> None:
        """Put every built page in order, before it is compressed, and the fonts where plain pages find them."""
        folder = context["static_dir"]
        files = [_only(folder / "assets", pattern) for pattern in FONTS]
        fonts = [f"/{file.relative_to(folder).as_posix()}" for file in files]
        for page in folder.rglob("*.html"):
            page.write_text(order_links(page.read_text(), fonts))
        for file, name in zip(files, PLAIN_FONTS, strict=True):
            shutil.copyfile(file, folder / name)


def order_links(html: str, fonts: list[str]) -> str:
    """The page with its scripts asked for last, and its fonts at once; applying it again changes nothing."""
    if SCRIPT_LAST in html:
        return html
    if SCRIPT not in html or html.count(STYLES) != 1:
        raise RuntimeError("This version of Reflex lays out its pages in another way: adapt LoadOrder.")
    preloads = "".join(map(FONT.format, fonts))
    return html.replace(SCRIPT, SCRIPT_LAST).replace(STYLES, preloads + STYLES)


def _only(folder: Path, pattern: str) -> Path:
    [path] = folder.glob(pattern)
    return path
