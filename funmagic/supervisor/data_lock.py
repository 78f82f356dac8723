"""One running product per data directory."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from funmagic.supervisor.errors import StartError


@contextmanager
def sole_use_of(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for the block; StartError while another process holds it. A dead holder holds nothing."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = (
                f"FunMagic is already running on {data_dir}: stop it, or set FUNMAGIC_DATA_DIR to another directory."
            )
            raise StartError(message) from error
        yield
