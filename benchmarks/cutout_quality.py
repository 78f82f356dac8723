"""Says how right cut-outs are, by photos whose true alpha is known."""

from pathlib import Path

import numpy as np

from tests.worker.local.cutout.photo_set import CASES, difference, overlap
from worker.local.cutout.pipeline import cut_out


def print_quality(model_path: Path) -> None:
    """Print for each photo, and for each kind on average, the overlap and the difference in percent of the subject."""
    found: dict[str, list[tuple[float, float]]] = {}
    for case in CASES:
        photo, truth = case.load()
        alpha = np.asarray(cut_out(photo, model_path=model_path).getchannel("A"), np.float32) / 255
        scores = overlap(alpha, truth), difference(alpha, truth)
        found.setdefault(case.kind, []).append(scores)
        print(f"{case.kind:12} {case.name:12} IoU {scores[0]:.3f}  SAD {scores[1]:5.1f} %")
    for kind, rows in found.items():
        iou, sad = np.mean(rows, axis=0)
        print(f"{kind:12} {len(rows):3} photos   IoU {iou:.3f}  SAD {sad:5.1f} %")
    iou, sad = np.mean([row for rows in found.values() for row in rows], axis=0)
    print(f"{'all':12} {len(CASES):3} photos   IoU {iou:.3f}  SAD {sad:5.1f} %")
