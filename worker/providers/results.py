"""Checks what providers made, before a person pays for it, and makes files of it."""

import numpy as np

from funmagic.core.errors import FunMagicError
from funmagic.library.images import inspect_image
from funmagic.library.photos.decoder import decode_photo
from funmagic.library.photos.types import SUFFIXES
from funmagic.models.assets import AssetKind
from worker.files.clouds import Cloud, render_cloud_preview, write_ply
from worker.files.glb import BrokenModel, EmptyModel
from worker.files.meshes import inspect_model, render_preview
from worker.files.previews import shrink_picture
from worker.providers.base import NoSubject, OutputFile, ProviderError

# Fainter than about 5 %, of 255, a pixel is not seen; nor are so few of them, or so small a share of the picture.
FAINTEST = 13
FEWEST_PIXELS = 16
SMALLEST_SHARE = 1e-4


def refuse_empty(files: list[OutputFile]) -> None:
    """Raise NoSubject, before anybody pays, when there is no result or nothing in it, whoever made it."""
    if not files:
        raise NoSubject("there is no result")
    for file in files:
        if file.kind == AssetKind.IMAGE and not _shows_something(file.data):
            raise NoSubject("nothing is to be seen in the resulting picture")


def picture_file(data: bytes, *, meta: dict[str, object] | None = None) -> OutputFile:
    """An image as a file of the type that it really is; raises ProviderError for anything that does not decode."""
    try:
        facts = inspect_image(data)
    except FunMagicError as error:
        raise ProviderError(f"the result is no image we can take: {error}") from None
    try:
        image = decode_photo(data)
    except FunMagicError as error:
        raise ProviderError(f"the result cannot be decoded: {error}") from None
    return OutputFile(
        data,
        AssetKind.IMAGE,
        facts.mime,
        SUFFIXES[facts.mime],
        width=facts.width,
        height=facts.height,
        meta=dict(meta or {}),
        preview=shrink_picture(image),
    )


def model_file(data: bytes, *, meta: dict[str, object] | None = None) -> OutputFile:
    """A GLB as a file, with its measures and a picture of it; raises ProviderError for an empty or broken one."""
    try:
        facts = inspect_model(data)
        preview = render_preview(data)
    except EmptyModel as error:
        raise NoSubject(f"the model is empty: {error}") from None
    except BrokenModel as error:
        raise ProviderError(f"the result is no model we can take: {error}") from None
    measures = {"vertices": facts.vertices, "faces": facts.faces, "bounds": facts.bounds}
    return OutputFile(
        data, AssetKind.MODEL, "model/gltf-binary", "glb", meta={**measures, **(meta or {})}, preview=preview
    )


def cloud_file(cloud: Cloud, *, meta: dict[str, object] | None = None) -> OutputFile:
    """A point cloud as a binary PLY, with the number of its points and a picture of it; raises NoSubject for none."""
    if not len(cloud.points):
        raise NoSubject("the cloud has no points")
    measures = {"points": len(cloud.points)}
    return OutputFile(
        write_ply(cloud),
        AssetKind.POINT_CLOUD,
        "application/octet-stream",
        "ply",
        meta={**measures, **(meta or {})},
        preview=render_cloud_preview(cloud),
    )


def _shows_something(data: bytes) -> bool:
    try:
        image = decode_photo(data)
    except FunMagicError as error:
        raise ProviderError(f"the result cannot be decoded: {error}") from None
    if image.mode != "RGBA":
        return True
    alpha = np.asarray(image.getchannel("A"))
    return int((alpha >= FAINTEST).sum()) >= max(FEWEST_PIXELS, SMALLEST_SHARE * alpha.size)
