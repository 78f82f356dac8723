"""The browser's part: compiled and bundled when what it is made of has changed.

`python -m funmagic.supervisor.frontend` builds unconditionally.
"""

import fcntl
import hashlib
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from funmagic.core.settings import get_settings
from funmagic.http.headers.built_pages import BUILT_DIR
from funmagic.supervisor.errors import StartError

WEB_DIR = Path(".web")
NPM_MANIFEST = Path("reflex.lock") / "package.json"
# Beside the folder: a build may remove that.
LOCK = Path(".web.lock")
STAMP = WEB_DIR / "funmagic.fingerprint"
SOURCE_DIRS = ("funmagic", "admin", "assets")
SOURCE_FILES = ("rxconfig.py", "requirements.txt")
# Links Reflex itself makes while compiling, and Python's cache.
NOT_SOURCES = ("assets/external/", "__pycache__/")


def build_if_stale() -> bool:
    """Build the front end unless the last build was of these very sources; True if it built, StartError on failure.

    Whoever starts meanwhile waits, and uses the same build.
    """
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fingerprint = _fingerprint()
        if (BUILT_DIR / "index.html").exists() and STAMP.exists() and STAMP.read_text() == fingerprint:
            return False
        STAMP.unlink(missing_ok=True)
        _run([sys.executable, "-m", "funmagic.supervisor.frontend"])
        tidy_manifest()
        STAMP.write_text(fingerprint)
        return True


def forget_build() -> None:
    """Have the next `build_if_stale` build: hot reload leaves another kind of build behind."""
    STAMP.unlink(missing_ok=True)


def tidy_manifest() -> None:
    """Lay npm's manifest out in one way: Reflex does it in two, and version control would see a change in each."""
    content = json.loads(NPM_MANIFEST.read_text())
    NPM_MANIFEST.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


def dev_server_command() -> list[str]:
    """The command of a web process that compiles, bundles and reloads whenever a source changes."""
    settings = get_settings()
    port = str(settings.port)
    ports = ["--frontend-port", port, "--backend-port", port, "--backend-host", settings.host]
    return [sys.executable, "-m", "reflex", "run", "--env", "preview", *ports]


def _fingerprint() -> str:
    # The welcome credits are the one setting that pages name in their text.
    made_with = f"{importlib.metadata.version('reflex')} {get_settings().welcome_credits}"
    digest = hashlib.sha256(made_with.encode())
    for path in _sources():
        digest.update(f"\0{path}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    yield from map(Path, SOURCE_FILES)
    for directory in SOURCE_DIRS:
        for path in sorted(Path(directory).rglob("*")):
            if path.is_file() and not any(part in path.as_posix() for part in NOT_SOURCES):
                yield path


def _run(command: list[str]) -> None:
    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as build:
        try:
            log, _ = build.communicate()
        except BaseException:
            os.killpg(build.pid, signal.SIGKILL)  # with the bundler it had started
            raise
    if build.returncode:
        raise StartError(f"{log}\nThe front end could not be built; its log is above.")


def _build() -> None:
    # Heavy, and of no use to who only asks whether to build.
    from funmagic.ui.reflex_seams.export import export_pages  # noqa: PLC0415

    npm = Path(sys.executable).with_name("npm")
    registry = subprocess.run([npm, "config", "get", "registry"], capture_output=True, text=True, check=True)  # noqa: S603
    export_pages(registry.stdout.strip())


if __name__ == "__main__":
    _build()
