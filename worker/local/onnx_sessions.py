"""Opens ONNX models for the CPU, each once per process, with little memory and few threads."""

from functools import cache
from pathlib import Path

import onnxruntime

THREADS = 2


class BrokenWeights(RuntimeError):
    """A model's file is missing, or is no model that can be run."""


def load_session(model_path: Path) -> onnxruntime.InferenceSession:
    """Return the model's session, opened at first use; raises BrokenWeights."""
    if not model_path.is_file():
        raise BrokenWeights(f"no model at {model_path}; run `python -m funmagic fetch-models`")
    return _open(model_path.resolve())


@cache
def _open(model_path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    # The arena keeps the largest picture's memory for good.
    options.enable_cpu_mem_arena = False
    try:
        return onnxruntime.InferenceSession(str(model_path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a class of its own per status, with no common base
        raise BrokenWeights(f"{model_path} is not a model that can be run: {error}") from error
