"""Makes a point cloud of the scene that VGGT saw in a cut-out, at whichever provider the model ran."""

import json

from PIL import Image

from funmagic.core.errors import FunMagicError
from funmagic.library.photos.decoder import decode_photo
from worker.files.clouds import BrokenCloud, EmptyCloud
from worker.files.vggt import cloud_from_vggt
from worker.providers.base import InputFile, InvalidWork, NoSubject, OutputFile, ProviderError
from worker.providers.results import cloud_file

SCENE_BYTES = 60_000_000


def read_scene(data: bytes, cutout: InputFile, *, model: str) -> OutputFile:
    """The cloud of a scene (VGGT's JSON of one image); raises ProviderError when it is none, or holds no points."""
    try:
        scene = json.loads(data)
    except (ValueError, RecursionError):
        raise ProviderError("the result is no JSON") from None
    if not isinstance(scene, dict):
        raise ProviderError("the result is no scene")
    try:
        cloud = cloud_from_vggt(scene, _decode(cutout))
    except EmptyCloud as error:
        raise NoSubject(f"the scene shows nothing: {error}") from None
    except BrokenCloud as error:
        raise ProviderError(f"the result is no scene we can take: {error}") from None
    return cloud_file(cloud, meta={"model": model})


def _decode(cutout: InputFile) -> Image.Image:
    try:
        return decode_photo(cutout.data).convert("RGBA")
    except FunMagicError as error:
        raise InvalidWork(f"cannot decode the cut-out: {error}") from error
