"""What the `local` provider does for each operation: a photo in, a file out, labelled as the preview quality it is."""

import io
import re
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from funmagic.core.errors import FunMagicError
from funmagic.core.settings import get_settings
from funmagic.library.photos.decoder import decode_photo
from funmagic.models.assets import AssetKind
from worker.files.previews import shrink_picture
from worker.local.cutout.lettering import is_page_of_text
from worker.local.cutout.photo import clear_hidden, split_photo
from worker.local.cutout.pipeline import cut_out
from worker.local.onnx_sessions import BrokenWeights
from worker.local.relief import silhouette
from worker.local.relief.figure import make_figure
from worker.local.relief.points import sample_relief
from worker.local.stylise.pipeline import stylise
from worker.providers.base import (
    DamagedFile,
    InputFile,
    InvalidWork,
    NoSubject,
    OutputFile,
    ProviderUnavailable,
    Report,
    Work,
)
from worker.providers.results import cloud_file, model_file, picture_file

MODEL_NAME = re.compile(r"[\w.-]+")
# Beside what a real provider makes, these are sketches; people and admins are told so.
QUALITY: dict[str, object] = {"quality": "built-in preview quality"}
# Of the time for a stylised photo, this share goes into cutting its subject out.
CUTTING = 0.4
OPAQUE = 250
FIGURE_SIDE = 1280


def remove_background(work: Work, report: Report) -> OutputFile:
    """The photo's subject as a PNG of the same size, all else transparent."""
    result = cut_out(_decode(work.files["assetId"]), model_path=_model_path(work.model), report=report)
    encoded = io.BytesIO()
    # Level 1 is three times as fast as the default and a few per cent larger.
    result.save(encoded, "PNG", compress_level=1)
    return OutputFile(
        encoded.getvalue(),
        AssetKind.IMAGE,
        "image/png",
        "png",
        width=result.width,
        height=result.height,
        meta=dict(QUALITY),
        preview=shrink_picture(result),
    )


def stylise_photo(work: Work, report: Report) -> OutputFile:
    """The photo's subject as a painted figure in the chosen style, on a stage that suits it; raises NoSubject."""
    if work.style is None:
        raise InvalidWork("no style was chosen")
    photo = _decode(work.files["assetId"])
    style = _decode(work.style.image)
    # The figure is no larger, and the cut-out of a small photo takes a fraction of the memory.
    photo.thumbnail((FIGURE_SIDE, FIGURE_SIDE))
    if is_page_of_text(split_photo(photo)[0]):
        raise NoSubject("the photo shows a page of text")
    subject = cut_out(photo, model_path=_model_path(None), report=lambda share: report(CUTTING * share))
    reached = CUTTING

    def advance(share: float) -> None:
        nonlocal reached
        reached = CUTTING + (1 - CUTTING) * share
        report(reached)

    try:
        figure = stylise(
            subject,
            style,
            models_dir=get_settings().models_dir,
            report=advance,
            preview=lambda picture: report(reached, preview=_encode(picture)),
        )
    except silhouette.NoSubject as error:
        raise NoSubject(str(error)) from None
    except BrokenWeights as error:
        raise ProviderUnavailable(str(error)) from None
    return picture_file(_encode(figure), meta=QUALITY)


def build_figure(work: Work, report: Report) -> OutputFile:
    """The subject of an image as a closed, textured figure (GLB)."""
    try:
        model = make_figure(_cut_out_previous(work, report), report=lambda share: report(CUTTING + 0.3 * share))
    except silhouette.NoSubject as error:
        raise NoSubject(str(error)) from None
    return model_file(model, meta=QUALITY)


def build_cloud(work: Work, report: Report) -> OutputFile:
    """The subject of a cut-out as a coloured point cloud (PLY)."""
    try:
        cloud = sample_relief(_cut_out_previous(work, report))
    except silhouette.NoSubject as error:
        raise NoSubject(str(error)) from None
    report(0.8)
    return cloud_file(cloud, meta=QUALITY)


def change_photo(change: Callable[[Image.Image, Report], Image.Image], work: Work, report: Report) -> OutputFile:
    """The photo as a tool's own `local.py` changes it."""
    return picture_file(_encode(change(_decode(work.files["assetId"]), report)), meta=QUALITY)


def _cut_out_previous(work: Work, report: Report) -> Image.Image:
    """What the step before made, as a cut-out: as it is when it has transparency, else with its subject cut out now."""
    if not work.previous:
        raise InvalidWork("there is no image to work on")
    image = _decode(work.previous[0])
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        lowest, _ = seen.getchannel("A").getextrema()
        if isinstance(lowest, int | float) and lowest < OPAQUE:
            return clear_hidden(seen)
    return cut_out(image, model_path=_model_path(None), report=lambda share: report(CUTTING * share))


def _decode(file: InputFile) -> Image.Image:
    try:
        return decode_photo(file.data)
    except FunMagicError as error:
        raise DamagedFile(f"cannot decode the photo: {error}") from error


def _encode(image: Image.Image) -> bytes:
    encoded = io.BytesIO()
    image.save(encoded, "PNG", compress_level=1)
    return encoded.getvalue()


def _model_path(model: str | None) -> Path:
    name = model or get_settings().saliency_model
    path = get_settings().models_dir / f"{name}.onnx"
    if not MODEL_NAME.fullmatch(name) or not path.is_file():
        raise ProviderUnavailable(f"no model {name} in {path.parent}; run `python -m funmagic fetch-models`")
    return path
