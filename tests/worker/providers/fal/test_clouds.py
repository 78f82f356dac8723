"""VGGT at fal.ai: a cut-out in, a point cloud out."""

import io

import pytest
import trimesh

from funmagic.models.assets import AssetKind
from tests.worker.providers.keys import CUTOUT
from tests.worker.providers.replicate.clouds import assert_is_the_subject
from worker.providers.base import Done, ProviderError


@pytest.fixture
def new_cloud(new_run):
    """Makes a run of VGGT at fal.ai."""
    return lambda **values: new_run(operation="image-to-cloud", previous=[CUTOUT], **values)


def test_a_cut_out_becomes_a_cloud(fal, new_cloud):
    run = new_cloud(options={"alpha_blend_onto": "white"})
    done = run.finish()
    assert isinstance(done, Done)
    [job] = fal.jobs.values()
    assert (job.app, job.image, job.arguments["alpha_blend_onto"]) == ("fal-ai/vggt-1b", CUTOUT.data, "white")
    assert run.waiting.request["image_urls"] == ["asset asset-2"]
    [file] = done.files
    assert (file.kind, file.extension) == (AssetKind.POINT_CLOUD, "ply")
    assert_is_the_subject(trimesh.load(io.BytesIO(file.data), file_type="ply"))


@pytest.mark.parametrize(
    "fault", ["html", "bomb", "not-json", "not-scene", "wrong-shape", "no-points", "cut-short", "expired"]
)
def test_a_scene_that_is_none_is_an_error_and_is_paid_once(fal, new_cloud, fault):
    fal.script(fault)
    with pytest.raises(ProviderError):
        new_cloud().finish()
    assert len(fal.jobs) == 1


def test_an_answer_that_names_no_scene_is_an_error(fal, new_cloud):
    fal.script("result-unnamed")
    with pytest.raises(ProviderError, match="names no file"):
        new_cloud().finish()
