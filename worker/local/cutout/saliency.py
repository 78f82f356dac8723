"""Runs an ONNX saliency network (U²-Net family) and returns where it sees the subject."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.local.onnx_sessions import load_session

IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
IMAGENET_STD = np.array([0.229, 0.224, 0.225], np.float32)
# Stretching a map whose peak is fainter than this would only blow noise up into a subject.
FAINTEST_SUBJECT = 0.3
# Seen this small, what is next to each other in a photo is alike: over 0.6, where it is noise below 0.2.
STRUCTURE_SIDE = 32
LEAST_ALIKE = 0.3


def predict_saliency(photo: Image.Image, model_path: Path) -> NDArray[np.float32]:
    """Return an RGB photo's saliency, float32 (H, W) of the network's size in 0..1; all 0 if it sees nothing."""
    if _is_noise(photo):
        return np.zeros(load_session(model_path).get_inputs()[0].shape[2:], np.float32)
    session = load_session(model_path)
    source = session.get_inputs()[0]
    height, width = source.shape[2:]
    thumbnail = photo.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    raw = session.run([session.get_outputs()[0].name], {source.name: _normalise(thumbnail)})[0]
    return _stretch(np.asarray(raw, np.float32).reshape(height, width))


def _normalise(thumbnail: Image.Image) -> NDArray[np.float32]:
    pixels = np.asarray(thumbnail, np.float32)
    pixels = pixels / max(float(pixels.max()), 1.0)
    return np.ascontiguousarray(((pixels - IMAGENET_MEAN) / IMAGENET_STD).transpose(2, 0, 1)[None])


def _stretch(raw: NDArray[np.float32]) -> NDArray[np.float32]:
    low = float(raw.min())
    high = float(raw.max())
    if not high - low > FAINTEST_SUBJECT:
        return np.zeros_like(raw)
    return (raw - low) / (high - low)


def _is_noise(photo: Image.Image) -> bool:
    """Whether no pixel says anything of those beside it: in noise a network sees whatever it likes."""
    small = photo.resize((STRUCTURE_SIDE, STRUCTURE_SIDE), Image.Resampling.BOX, reducing_gap=3.0)
    deviation = np.asarray(small, np.float32) - np.asarray(small, np.float32).mean(axis=(0, 1))
    variance = float((deviation**2).mean())
    down = deviation[1:] * deviation[:-1]
    across = deviation[:, 1:] * deviation[:, :-1]
    return max(float(down.mean()), float(across.mean())) < LEAST_ALIKE * variance
