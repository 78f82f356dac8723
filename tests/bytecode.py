"""A cache for compiled modules: the tests start hundreds of processes, each of which would compile some 1,700 anew."""

import os
import sys
from pathlib import Path

FOLDER = Path(__file__).parent.parent / ".data" / "bytecode"


def keep_bytecode() -> None:
    """Have this process and all that it starts keep what they compile, whatever the machine's environment says."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(FOLDER)
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(FOLDER)
