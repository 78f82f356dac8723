"""A worker's start loads nothing that only some of its jobs need."""

import subprocess
import sys

LOAD = "import sys, worker.main; print(*(name for name in sys.argv[1:] if name in sys.modules))"
NOT_FOR_A_START = ("alembic", "boto3", "google.genai", "onnxruntime", "openai", "stripe", "tripo3d")


def test_a_worker_has_loaded_only_what_every_job_needs() -> None:
    loaded = subprocess.check_output([sys.executable, "-c", LOAD, *NOT_FOR_A_START], text=True)
    assert loaded == "\n"
