"""Makes the style references, their thumbnails and FigMe's card: `python -m scripts.artwork.style_showcase`."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from funmagic.core.weights import fetch_models
from scripts.artwork.style_references import PAINTERS, paint_reference
from worker.local.cutout.pipeline import cut_out
from worker.local.stylise.pipeline import stylise

ASSETS = Path("assets")
MODELS = Path(".data/models")
SAMPLE = "astronaut"
# The photo is trimmed to leave out most of the flag that touches her sleeve.
TRIM = (40, 0, 512, 472)
REFERENCE_QUALITY, QUALITY = 62, 78
THUMB_SIDE = 320
# The part of the stage that shows the figure large.
CLOSE_UP = (76, 84, 948, 956)
CARD_SIZE = (960, 720)
# The card's panels lean; each shows the photo, or the figure in one style.
CARD_STYLES = ("clay", "neon")
SLANT, LINE_WIDTH, SUPERSAMPLING = 60, 6, 4
PHOTO_PANEL = (34, 0, 326, 472)
FIGURE_PANEL = (126, 64, 694, 980)


def main() -> None:
    """Write assets/styles, and the card under assets/showcase, all as WebP."""
    folder = ASSETS / "styles"
    folder.mkdir(exist_ok=True)
    models = {path.stem: path for path in fetch_models(MODELS)}
    with Image.open(ASSETS / "samples" / f"{SAMPLE}.jpg") as sample:
        photo = sample.convert("RGB").crop(TRIM)
    subject = cut_out(photo, model_path=models["u2netp"])
    figures = {}
    for name in PAINTERS:
        path = folder / f"{name}.webp"
        paint_reference(name).save(path, quality=REFERENCE_QUALITY, method=6)
        with Image.open(path) as style:
            figures[name] = stylise(subject, style, models_dir=MODELS)
        thumb = figures[name].crop(CLOSE_UP).resize((THUMB_SIDE, THUMB_SIDE), Image.Resampling.LANCZOS)
        thumb.save(folder / f"{name}_thumb.webp", quality=QUALITY, method=6)
    card = draw_card([photo.crop(PHOTO_PANEL), *(figures[name].crop(FIGURE_PANEL) for name in CARD_STYLES)])
    card.save(ASSETS / "showcase" / "figme.webp", quality=QUALITY, method=6)


def draw_card(pictures: list[Image.Image]) -> Image.Image:
    """Return a CARD_SIZE picture of upright pictures side by side, with leaning white lines between them."""
    width, height = CARD_SIZE
    card = Image.new("RGB", CARD_SIZE, "white")
    panel = width / len(pictures)
    for index, picture in enumerate(pictures):
        left, right = round(panel * index - SLANT), round(panel * (index + 1) + SLANT)
        fitted = ImageOps.fit(picture, (right - left, height), Image.Resampling.LANCZOS, centering=(0.5, 0.3))
        mask = mask_panel(panel * index if index else -width, panel * (index + 1) if right < width else 2 * width)
        card.paste(fitted, (left, 0), mask.crop((left, 0, right, height)))
    return card


def mask_panel(left: float, right: float) -> Image.Image:
    """Return a CARD_SIZE mask between two lines that lean like a slash, half a line's width apart from them."""
    width, height = CARD_SIZE
    near, far, lean = left + LINE_WIDTH / 2, right - LINE_WIDTH / 2, SLANT / 2
    corners = [(near + lean, 0), (far + lean, 0), (far - lean, height), (near - lean, height)]
    mask = Image.new("L", (width * SUPERSAMPLING, height * SUPERSAMPLING))
    ImageDraw.Draw(mask).polygon([(x * SUPERSAMPLING, y * SUPERSAMPLING) for x, y in corners], fill=255)
    return mask.resize(CARD_SIZE, Image.Resampling.BOX)


if __name__ == "__main__":
    main()
