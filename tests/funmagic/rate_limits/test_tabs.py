"""What a tab does over its websocket counts as over HTTP."""

import pytest
import reflex as rx
from reflex.istate.data import RouterData

from funmagic.core.settings import get_settings
from funmagic.http.client_address import tab_address
from funmagic.rate_limits.errors import TooManyRequests
from funmagic.sessions.viewer import Viewer
from funmagic.site.frame.page import show_error
from funmagic.site.tools.background_remove.state import BackgroundRemoveState
from funmagic.tasks.submit import Submission
from tests.factories import session_token, sign_in
from tests.funmagic.rate_limits.limits import from_address, set_limits

ADDRESS = "203.0.113.9"
PHOTO = {"name": "photo.jpg", "type": "image/jpeg", "size": 1000}


async def tab(viewer: Viewer) -> BackgroundRemoveState:
    root = rx.State()
    headers = {"cookie": f"fm_session={session_token(viewer)}", "asgi-scope-client": ADDRESS}
    root.router = RouterData.from_router_data({"headers": headers, "asPath": "/tools/background-remove"})
    state = root.get_substate(BackgroundRemoveState.get_full_name().split("."))
    [_ async for _ in state.load()]
    await state.choose_photo(PHOTO)
    return state


@pytest.mark.usefixtures("real_limits")
async def test_an_upload_from_a_tab_and_one_over_http_share_a_limit(alice: Viewer) -> None:
    set_limits(upload=1)
    state = await tab(alice)
    body = {"filename": "photo.jpg", "contentType": "image/jpeg", "size": 1000}
    assert sign_in(from_address(ADDRESS), alice).post("/api/upload", json=body).status_code == 201
    with pytest.raises(TooManyRequests):
        await state.start_run()
    assert (state.ticket, state.phase) == (None, "choosing")


@pytest.mark.usefixtures("real_limits")
async def test_a_run_too_many_tells_the_page_how_long_to_wait(alice: Viewer) -> None:
    set_limits(taskCreation=1, upload=10)
    state = await tab(alice)
    for _ in range(2):
        submission = Submission(state._slug, "", step_id=state._first_step, input={"assetId": "none"})
        [_ async for _ in state._submit(alice, submission)]
    assert state.notice.startswith("Too many requests. Please wait ")
    assert state.phase == "choosing"


def test_a_toast_says_how_long_to_wait() -> None:
    (toast,) = show_error(TooManyRequests(17, limit=5))
    assert "Please wait 17 s." in str(toast.args)


@pytest.mark.parametrize(
    ("hops", "headers", "address"),
    [
        (0, {"asgi-scope-client": "10.0.0.1"}, "10.0.0.1"),
        (0, {"asgi-scope-client": "10.0.0.1", "x-forwarded-for": "6.6.6.6"}, "10.0.0.1"),
        (1, {"asgi-scope-client": "10.0.0.1", "x-forwarded-for": "6.6.6.6, 1.2.3.4"}, "1.2.3.4"),
        (2, {"asgi-scope-client": "10.0.0.1", "x-forwarded-for": "1.2.3.4"}, "10.0.0.1"),
        (0, {}, None),
    ],
)
def test_a_tabs_address_is_found_as_a_requests_is(
    monkeypatch: pytest.MonkeyPatch, hops: int, headers: dict[str, str], address: str | None
) -> None:
    monkeypatch.setattr(get_settings(), "trusted_proxy_hops", hops)
    assert tab_address(headers) == address
