"""The front end is built when what it is made of has changed, and only then."""

from pathlib import Path

import pytest

from funmagic.supervisor import frontend
from funmagic.supervisor.errors import StartError
from tests.factories import run_together


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A small project with a builder that only notes its runs."""
    monkeypatch.chdir(tmp_path)
    for path in ("funmagic/page.py", "rxconfig.py", "requirements.txt", "reflex.lock/package.json"):
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text("{}")
    runs: list[str] = []

    def build(_command: list[str]) -> None:
        runs.append("built")
        Path(".web/build/client").mkdir(parents=True, exist_ok=True)
        Path(".web/build/client/index.html").touch()

    monkeypatch.setattr(frontend, "_run", build)
    return runs


def test_starts_at_the_same_moment_build_once(builds: list[str]) -> None:
    assert sorted(run_together(4, frontend.build_if_stale)) == [False, False, False, True]
    assert builds == ["built"]


def test_a_second_start_builds_nothing(builds: list[str]) -> None:
    assert [frontend.build_if_stale(), frontend.build_if_stale()] == [True, False]
    assert builds == ["built"]


@pytest.mark.parametrize("path", ["funmagic/page.py", "funmagic/new.css", "requirements.txt", "rxconfig.py"])
def test_a_changed_source_is_built_anew(builds: list[str], path: str) -> None:
    frontend.build_if_stale()
    Path(path).write_text("changed")
    assert frontend.build_if_stale()


@pytest.mark.parametrize("path", ["assets/external/link.js", "funmagic/__pycache__/page.pyc", "README.md"])
def test_what_is_no_source_is_not_looked_at(builds: list[str], path: str) -> None:
    frontend.build_if_stale()
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("changed")
    assert not frontend.build_if_stale()


def test_a_build_that_broke_off_is_built_again(builds: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(_command: list[str]) -> None:
        raise StartError("no disk space")

    frontend.build_if_stale()
    Path("rxconfig.py").write_text("changed")
    with monkeypatch.context() as patch:
        patch.setattr(frontend, "_run", break_off)
        with pytest.raises(StartError):
            frontend.build_if_stale()
    Path("rxconfig.py").write_text("{}")
    assert frontend.build_if_stale()


def test_the_manifest_looks_the_same_whoever_wrote_it(builds: list[str]) -> None:
    manifest = Path("reflex.lock/package.json")
    texts = []
    for text in ('{"b": 1, "a": {"c": 2}}', '{\n  "a": {"c": 2},\n "b": 1}'):
        manifest.write_text(text)
        Path("rxconfig.py").write_text(text)
        frontend.build_if_stale()
        texts.append(manifest.read_text())
    assert texts[0] == texts[1]
