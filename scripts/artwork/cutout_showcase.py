"""Makes the product's before-and-after imagery from the sample photos: `python -m scripts.artwork.cutout_showcase`."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from funmagic.core.weights import fetch_models
from worker.local.cutout.pipeline import cut_out

ASSETS = Path("assets")
MODELS = Path(".data/models")
# The astronaut's photo is trimmed to leave out most of the flag that touches her sleeve.
SAMPLES: dict[str, tuple[int, int, int, int] | None] = {"astronaut": (40, 0, 512, 472), "chelsea": None, "coffee": None}
CARD_SAMPLE = "coffee"
WIDTH = 900
# The home page shows this one first of all: phones get it smaller.
HERO_SAMPLE = "astronaut"
PHONE_WIDTH = 640
QUALITY = 76
CARD_SIZE = (960, 720)
SPLIT, SLANT = 470, 60
LINE_WIDTH = 6
SUPERSAMPLING = 4
GRADIENT = ("#ffe4d6", "#8b8cf8")


def main() -> None:
    """Write every sample's photo and cut-out, and the tool's card, as WebP under assets/showcase."""
    model_path = next(path for path in fetch_models(MODELS) if path.stem == "u2netp")
    folder = ASSETS / "showcase"
    folder.mkdir(exist_ok=True)
    for name in SAMPLES:
        photo = _load_sample(name, WIDTH)
        _save(photo, folder / f"{name}_before.webp")
        subject = cut_out(photo, model_path=model_path)
        _save(subject, folder / f"{name}_cutout.webp")
        if name == HERO_SAMPLE:
            for picture, kind in ((photo, "before"), (subject, "cutout")):
                _save(_scaled(picture, PHONE_WIDTH), folder / f"{name}_{kind}_{PHONE_WIDTH}.webp")
    photo = ImageOps.fit(_load_sample(CARD_SAMPLE, CARD_SIZE[0]), CARD_SIZE, Image.Resampling.LANCZOS)
    card = draw_card(photo, cut_out(photo, model_path=model_path))
    _save(card, folder / "background-remove.webp")


def draw_card(photo: Image.Image, subject: Image.Image) -> Image.Image:
    """Return a CARD_SIZE picture: the RGB photo left of a slanted line, its RGBA subject on a gradient to the right."""
    card = ImageOps.colorize(Image.linear_gradient("L").resize(CARD_SIZE), *GRADIENT)
    card.paste(subject, mask=subject)
    card.paste("white", mask=_left_of_slant(shift=LINE_WIDTH))
    card.paste(photo, mask=_left_of_slant())
    return card


def _left_of_slant(shift: int = 0) -> Image.Image:
    width, height = CARD_SIZE
    mask = Image.new("L", (width * SUPERSAMPLING, height * SUPERSAMPLING))
    corners = [(0, 0), (SPLIT + SLANT + shift, 0), (SPLIT - SLANT + shift, height), (0, height)]
    ImageDraw.Draw(mask).polygon([(x * SUPERSAMPLING, y * SUPERSAMPLING) for x, y in corners], fill=255)
    return mask.resize(CARD_SIZE, Image.Resampling.BOX)


def _save(picture: Image.Image, path: Path) -> None:
    picture.save(path, quality=QUALITY, method=6)


def _load_sample(name: str, width: int) -> Image.Image:
    with Image.open(ASSETS / "samples" / f"{name}.jpg") as sample:
        photo = sample.convert("RGB").crop(SAMPLES[name])
    return _scaled(photo, width)


def _scaled(picture: Image.Image, width: int) -> Image.Image:
    height = round(picture.height * width / picture.width)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
