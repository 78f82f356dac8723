"""What the profile page says of what was changed past the websocket."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from funmagic.sessions.viewer import Viewer
from funmagic.site.profile.state import ProfileState
from tests.factories import PASSWORD
from tests.funmagic.site.tabs import play, tab
from tests.mailbox import Mailbox

NEW_EMAIL = "alice@elsewhere.example"


def words_of(events: list[Any]) -> str:
    return " ".join(str(event.args) for event in events)


@pytest.mark.parametrize("has_asked", [True, False])
async def test_a_new_password_says_that_it_called_off_a_change_of_email(
    alice: Viewer, alice_client: TestClient, mailbox: Mailbox, *, has_asked: bool
) -> None:
    if has_asked:
        alice_client.post("/api/profile/email", json={"email": NEW_EMAIL})
    state = tab(ProfileState, alice, "/profile")
    await play(state.load)
    body = {"current": PASSWORD, "new": "purple monkey dishwasher"}
    assert alice_client.put("/api/profile/password", json=body).status_code == 204
    # The tab of the browser that changed it, not one of those that were signed out.
    here = tab(ProfileState, alice, "/profile")
    here.pending_email = state.pending_email
    said = words_of(await play(here.show_password_change))
    assert "Your password is saved." in said
    assert (f"Your email does not change to {NEW_EMAIL} now." in said) is has_asked
