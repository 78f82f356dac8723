import numpy as np
import pytest

from tests.worker.local.relief import drawings
from worker.files.clouds import MOST_POINTS
from worker.local.relief.points import USUAL_COUNT, sample_relief
from worker.local.relief.silhouette import NoSubject


def test_the_cloud_has_the_count_asked_for_up_to_the_cap() -> None:
    assert len(sample_relief(drawings.disc()).points) == USUAL_COUNT
    assert len(sample_relief(drawings.disc(), count=1_000).points) == 1_000
    assert len(sample_relief(drawings.disc(), count=10 * MOST_POINTS).points) == MOST_POINTS


def test_the_same_cut_out_gives_the_same_cloud() -> None:
    first, second = sample_relief(drawings.bust()), sample_relief(drawings.bust())
    assert np.array_equal(first.points, second.points)
    assert np.array_equal(first.colours, second.colours)
    assert np.array_equal(first.confidence, second.confidence)


def test_points_wear_the_colours_of_their_place_and_none_of_what_is_transparent() -> None:
    cloud = sample_relief(drawings.disc())
    left, right = cloud.points[:, 0] < -0.1, cloud.points[:, 0] > 0.1
    front = cloud.points[:, 2] > 0.1
    assert np.abs(cloud.colours[left & front].astype(int) - drawings.RED).max() < 3
    assert np.abs(cloud.colours[right & front].astype(int) - drawings.BLUE).max() < 3
    colours = cloud.colours.astype(int)
    assert (np.minimum(colours[:, 0], colours[:, 2]) - colours[:, 1]).max() < 120


def test_the_cloud_is_a_body_with_sides_and_a_back() -> None:
    points = sample_relief(drawings.disc()).points
    assert 0.1 < (points[:, 2] < 0).mean() < 0.5
    assert np.abs(points).max() <= 0.5 + 1e-5
    assert np.ptp(points[:, 0]) == pytest.approx(1, abs=0.01)


def test_trust_falls_towards_the_outline_and_on_the_back() -> None:
    cloud = sample_relief(drawings.disc())
    radius = np.linalg.norm(cloud.points[:, :2], axis=1)
    front = cloud.points[:, 2] > np.median(cloud.points[radius > 0.49, 2])
    middle = cloud.confidence[front & (radius < 0.2)].mean()
    rim = cloud.confidence[front & (radius > 0.47)].mean()
    back = cloud.confidence[(cloud.points[:, 2] < -0.1) & (radius < 0.2)].mean()
    assert middle > 0.8
    assert rim < 0.4
    assert back < 0.2
    assert cloud.confidence.min() >= 0
    assert cloud.confidence.max() <= 1


def test_no_subject_is_said_by_name() -> None:
    with pytest.raises(NoSubject):
        sample_relief(drawings.blank(300, 300))
