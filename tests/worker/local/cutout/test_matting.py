import numpy as np

from worker.local.cutout.foreground import estimate_foreground
from worker.local.cutout.matting import build_laplacian, estimate_alpha, find_subject


def test_an_outline_the_network_misplaced_snaps_to_the_true_edge() -> None:
    photo = np.zeros((60, 60, 3), np.float32)
    photo[:, 30:] = 0.8
    saliency = np.zeros((60, 60), np.float32)
    saliency[:, 33:] = 1
    alpha = estimate_alpha(photo, saliency, band_radius=8)
    assert alpha[:, :29].max() < 0.2
    assert alpha[:, 31:].min() > 0.8


def test_nothing_salient_gives_no_alpha() -> None:
    alpha = estimate_alpha(np.zeros((20, 20, 3), np.float32), np.zeros((20, 20), np.float32), band_radius=4)
    assert alpha.max() == 0


def test_everything_salient_gives_full_alpha() -> None:
    alpha = estimate_alpha(np.zeros((20, 20, 3), np.float32), np.ones((20, 20), np.float32), band_radius=4)
    assert alpha.min() == 1


def test_an_island_the_network_doubts_is_dropped() -> None:
    saliency = np.zeros((20, 20), np.float32)
    saliency[2:6, 2:6] = 0.7
    saliency[10:18, 10:18] = 0.95
    subject = find_subject(saliency)
    assert not subject[:8].any()
    assert subject[12, 12]


def test_the_laplacian_is_symmetric_and_leaves_a_constant_alpha_alone() -> None:
    photo = np.random.default_rng(0).random((9, 11, 3)).astype(np.float32)
    centres = np.zeros((9, 11), bool)
    centres[1:-1, 1:-1] = True
    laplacian = build_laplacian(photo, centres, np.ones((9, 11), bool))
    assert np.abs(laplacian - laplacian.T).max() < 1e-9
    assert np.abs(laplacian @ np.ones(99)).max() < 1e-9


def test_foreground_colours_mix_back_into_the_photo() -> None:
    alpha = np.broadcast_to(np.linspace(0, 1, 64, dtype=np.float32), (48, 64)).copy()
    front, back = np.float32([0.9, 0.1, 0.1]), np.float32([0.1, 0.2, 0.9])
    photo = alpha[..., None] * front + (1 - alpha[..., None]) * back
    foreground, background = estimate_foreground(photo, alpha)
    mixed = alpha[..., None] * foreground + (1 - alpha[..., None]) * background
    assert np.abs(mixed - photo).max() < 0.02
    assert np.abs(foreground[alpha > 0.5] - front).max() < 0.1
