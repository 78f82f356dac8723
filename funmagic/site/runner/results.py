"""What a run made, as its stage shows it: where it lies, and what is worth knowing of it."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from funmagic import paths
from funmagic.i18n.translate import N_, _, n_
from funmagic.library.service import AssetView
from funmagic.library.uploads import MEGABYTE
from funmagic.models.assets import AssetKind

# By what the worker wrote beside the file.
QUALITIES = {"built-in preview quality": N_("Built-in preview quality")}


@dataclass(frozen=True)
class ResultView:
    """A file that a run made; an empty id means that there is none."""

    id: str = ""
    kind: str = ""
    url: str = ""
    preview_url: str = ""
    download_url: str = ""
    filename: str = ""
    facts: str = ""
    # A word on how it was made, where that limits how good it can be.
    quality: str = ""
    is_saved: bool = False


def view_result(asset: AssetView) -> ResultView:
    """The file with its facts in words."""
    quality = QUALITIES.get(str(asset.meta.get("quality", "")), "")
    return ResultView(
        id=asset.id,
        kind=asset.kind,
        url=asset.url,
        preview_url=asset.preview_url or "",
        download_url=paths.asset_download(asset.id),
        filename=asset.filename,
        facts=" · ".join([*_measures(asset), _extension(asset), _size(asset.size)]),
        quality=_(quality),
        is_saved=asset.saved_at is not None,
    )


def _measures(asset: AssetView) -> list[str]:
    if asset.kind == AssetKind.MODEL:
        faces = _number(asset.meta, "faces")
        vertices = _number(asset.meta, "vertices")
        return [
            n_("{number} face", "{number} faces", faces, number=f"{faces:,}"),
            n_("{number} vertex", "{number} vertices", vertices, number=f"{vertices:,}"),
        ]
    if asset.kind == AssetKind.POINT_CLOUD:
        points = _number(asset.meta, "points")
        return [n_("{number} point", "{number} points", points, number=f"{points:,}")]
    return [_("{width} × {height} px", width=asset.width, height=asset.height)]


def _number(meta: dict[str, Any], name: str) -> int:
    return int(meta.get(name, 0))


def _extension(asset: AssetView) -> str:
    return PurePath(asset.filename).suffix.removeprefix(".").upper()


def _size(size: int) -> str:
    return f"{size / MEGABYTE:.1f} MB" if size >= MEGABYTE else f"{max(size // 1024, 1)} kB"
