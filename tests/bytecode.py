"""The cache for what Python compiles: the tests start hundreds of processes."""

from pathlib import Path

FOLDER = Path(__file__).parent.parent / ".data" / "bytecode"
