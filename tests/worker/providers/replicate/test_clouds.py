"""VGGT at Replicate: what is in the cloud that a person gets."""

import pytest

from funmagic.models.assets import AssetKind
from tests.emulators.fal_faults import png
from tests.worker.providers.replicate.clouds import assert_is_the_subject, load
from worker.providers.base import Done, InputFile


def test_the_cloud_is_the_subject_without_padding_and_background(replicate, new_prediction):
    done = new_prediction().finish()
    assert isinstance(done, Done)
    [file] = done.files
    assert (file.kind, file.extension, file.meta["points"] > 1000) == (AssetKind.POINT_CLOUD, "ply", True)
    assert file.preview.startswith(b"RIFF")
    assert_is_the_subject(load(file.data))


@pytest.mark.parametrize("size", [(90, 60), (64, 64), (40, 120), (700, 500)])
def test_padding_is_undone_whatever_the_shape_of_the_photo(replicate, new_prediction, size):
    cutout = InputFile(png(*size), "image/png", "cutout.png", "asset-2")
    [file] = new_prediction(previous=[cutout]).finish().files
    assert_is_the_subject(load(file.data), size)


def test_the_confidence_of_every_point_is_kept(replicate, new_prediction):
    [file] = new_prediction().finish().files
    header = file.data[: file.data.index(b"end_header")].decode()
    assert "format binary_little_endian" in header
    assert "confidence" in header
