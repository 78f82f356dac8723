"""What we change in Reflex's client, against the client that is installed."""

from pathlib import Path

import pytest
import reflex_base

from funmagic.ui.reflex_seams.client import CHANGES, OriginalClient, TellingClient, change_client
from funmagic.ui.reflex_seams.page_origin import SameOrigin, use_page_origin
from funmagic.ui.wrapped.page.guarded_storage import GUARD_STORAGE

CLIENT = (Path(reflex_base.__file__).parent / ".templates" / "web" / "utils" / "state.js").read_text()


def test_the_installed_client_is_changed_once() -> None:
    changed = change_client(CLIENT)
    assert all(added in changed for added in CHANGES.values())
    assert change_client(changed) == changed


def test_another_client_is_noticed_at_build_time() -> None:
    with pytest.raises(RuntimeError, match="TellingClient"):
        change_client("something else")


def test_what_an_older_version_of_ours_made_of_the_client_is_no_trouble() -> None:
    tasks = []
    for plugin in (OriginalClient(), SameOrigin(), TellingClient()):
        plugin.pre_compile(add_modify_task=lambda path, change: tasks.append((path, change)))
    code = CLIENT.replace("tellOfLine", "former") + "/* something of a former version */"
    for path, change in tasks:
        assert path == "utils/state.js"
        code = change(code)
    assert code == change_client(use_page_origin(CLIENT))


def test_the_client_asks_for_cookies_in_one_place_only() -> None:
    assert change_client(CLIENT).count("document.cookie") == 1
    assert "document.cookie" in GUARD_STORAGE
