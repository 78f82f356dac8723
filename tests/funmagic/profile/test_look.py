"""The look that pages have: the account's where it has chosen one, handed to every browser that signs in."""

import re
from pathlib import Path

from fastapi.testclient import TestClient

from funmagic.core.db import reading, transaction
from funmagic.http.callers import LOOK_COOKIE
from funmagic.profile.look import Look, get_look
from funmagic.profile.preferences import ACCENTS
from funmagic.profile.service import set_preferences
from funmagic.sessions.viewer import Viewer
from funmagic.ui.wrapped.page.look import APPLY_LOOK
from tests.factories import PASSWORD

STYLES = Path(__file__).parents[3] / "assets" / "ui" / "tokens.css"


def test_an_account_that_never_chose_has_no_look(alice: Viewer) -> None:
    assert _look_of(alice) == Look("", theme="", accent="", locale="en")


def test_who_chose_the_systems_theme_has_chosen(alice: Viewer) -> None:
    _choose(alice, "system", "rose")
    assert _look_of(alice) == Look("", theme="system", accent="rose", locale="en")


def test_signing_in_hands_the_look_to_the_browser(alice: Viewer, client: TestClient) -> None:
    _choose(alice, "dark", "teal")
    answer = client.post("/api/auth/sign-in", json={"email": alice.email, "password": PASSWORD})
    assert answer.cookies[LOOK_COOKIE] == "dark.teal"


def test_who_never_chose_keeps_what_the_browser_has(alice: Viewer, client: TestClient) -> None:
    answer = client.post("/api/auth/sign-in", json={"email": alice.email, "password": PASSWORD})
    assert LOOK_COOKIE not in answer.cookies


def test_the_stylesheet_knows_every_accent() -> None:
    assert tuple(re.findall(r'\[data-accent="(\w+)"\]', STYLES.read_text())) == ACCENTS


def test_the_script_in_the_head_reads_the_cookie_by_its_name() -> None:
    assert APPLY_LOOK.count(f"{LOOK_COOKIE}=") == 2


def _choose(viewer: Viewer, theme: str, accent: str) -> None:
    with transaction() as session:
        set_preferences(session, viewer, theme=theme, accent=accent)


def _look_of(viewer: Viewer) -> Look:
    with reading() as session:
        return get_look(session, viewer)
