"""A cache for compiled modules: each process of ours would otherwise compile some 1,700 of them at its start."""

import os
import sys
from pathlib import Path


def keep_bytecode(folder: Path) -> None:
    """Have this process and all that it starts keep what they compile in a folder, whatever their environment says."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(folder)
