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


def test_the_cloud_is_a_front_in_relief_and_has_no_second_half() -> None:
    points = sample_relief(drawings.disc()).points
    assert np.abs(points).max() <= 0.5 + 1e-5
    assert np.ptp(points[:, 0]) == pytest.approx(1, abs=0.01)
    assert np.ptp(points[:, 2]) > 0.2
    # Away from the outline there is one depth at each place.
    middle = points[np.linalg.norm(points[:, :2], axis=1) < 0.4]
    places = np.round(middle[:, :2] / 0.02).astype(int)
    _, place = np.unique(places, axis=0, return_inverse=True)
    for number in range(place.max() + 1):
        assert np.ptp(middle[place == number, 2]) < 0.06


def test_trust_falls_towards_the_outline() -> None:
    cloud = sample_relief(drawings.disc())
    radius = np.linalg.norm(cloud.points[:, :2], axis=1)
    assert cloud.confidence[radius < 0.2].mean() > 0.8
    assert cloud.confidence[radius > 0.47].mean() < 0.4
    assert cloud.confidence.min() >= 0
    assert cloud.confidence.max() <= 1


def test_no_subject_is_said_by_name() -> None:
    with pytest.raises(NoSubject):
        sample_relief(drawings.blank(300, 300))
