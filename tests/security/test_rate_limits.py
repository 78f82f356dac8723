"""Whatever door somebody comes in by, they are counted: nothing that changes something is free."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

import funmagic.funmagic  # noqa: F401 - loads every state that the product has
from funmagic.core.redis import get_redis
from funmagic.models.users import Role
from funmagic.rate_limits.config import Category
from funmagic.rate_limits.counting import check_rate
from funmagic.sessions.viewer import Viewer
from funmagic.site.profile.avatar_state import AvatarState
from funmagic.site.profile.state import ProfileState
from tests import factories
from tests.funmagic.rate_limits.limits import set_limits
from tests.security.handlers import HANDLERS, PUBLIC, Belongings, hurried, says
from tests.security.introspection import Handler
from tests.security.operations import Operation, Things
from tests.security.routes import OPERATIONS, SCHEMAS, browser, protected
from tests.security.rows import rows
from tests.security.tab import Tab, Update, open_tab

WAIT = "Please wait"
RENAME = f"{ProfileState.get_full_name()}.rename"
START_AVATAR = f"{AvatarState.get_full_name()}.start_upload"
PICTURE = {"name": "me.png", "type": "image/png", "size": 1000}

pytestmark = pytest.mark.usefixtures("real_limits")


def use_up(category: Category, subject: str) -> None:
    """From here on this subject has asked too often."""
    set_limits(**{category: 1})
    check_rate(category, subject)


@pytest.fixture
def tired(web: str, alice: Viewer) -> Iterator[Tab]:
    """A tab of Alice's, who has done all that she may do in this minute."""
    with open_tab(web, factories.session_token(alice)) as tab:
        use_up(Category.USER_API, alice.id)
        yield tab


@pytest.fixture
def hers(alice: Viewer) -> Belongings:
    asset_id = factories.upload_photo(alice)
    return Belongings(alice, factories.submit(alice, asset_id=asset_id).id, asset_id)


def is_refused(update: Update) -> bool:
    return says(WAIT, update)


def assert_counted(tab: Tab, handler: Handler, belongings: Belongings, patience: float = 20) -> None:
    """It has the person wait, and changes nothing."""
    before = rows()
    tab.send(handler.event, handler.payloads([belongings.asset_id])[0], query={"task": belongings.task_id})
    try:
        tab.read_until(is_refused, patience)
    except TimeoutError:
        raise AssertionError(f"{handler} is not counted") from None
    assert rows() == before, f"{handler} changed the database"


@pytest.mark.parametrize(
    "handler", [each for each in HANDLERS if not each.names & PUBLIC.keys() and not each.is_for_admins], ids=str
)
def test_every_handler_that_acts_for_a_user_is_counted(handler: Handler, hers: Belongings, tired: Tab) -> None:
    assert_counted(tired, handler, hers)


@pytest.mark.parametrize("handler", [each for each in HANDLERS if each.names & PUBLIC.keys()], ids=str)
def test_a_public_handler_changes_nothing_for_whoever_asked_too_often(
    handler: Handler, hers: Belongings, tired: Tab
) -> None:
    before = rows()
    tired.send(handler.event, handler.payloads([hers.asset_id])[0], query={"task": hers.task_id})
    tired.read_to_mark()
    assert rows() == before


def test_a_handler_that_is_not_counted_is_noticed(hers: Belongings, tired: Tab) -> None:
    assert_counted(tired, hurried("guarded"), hers)
    with pytest.raises(AssertionError, match="is not counted"):
        assert_counted(tired, hurried("silent"), hers, patience=0.5)


def test_what_an_event_sets_off_is_a_part_of_it(web: str, alice: Viewer) -> None:
    set_limits(userApi=5)
    with open_tab(web, factories.session_token(alice)) as tab:
        for number in range(5):
            tab.send(RENAME, {"form": {"name": f"Alice {number}"}})
        tab.read_until(lambda update: "Alice 4" in str(update.get("delta")))
        tab.send(RENAME, {"form": {"name": "Alice again"}})
        tab.read_until(is_refused)
    assert get_redis().get(f"rl:userApi:{alice.id}") == b"6"


def test_tabs_and_requests_are_counted_together(web: str, alice: Viewer, alice_client: TestClient) -> None:
    set_limits(userApi=2)
    alice_client.get("/api/tasks")
    with open_tab(web, factories.session_token(alice)) as tab:
        tab.send(RENAME, {"form": {"name": "Alice one"}})
        tab.send(RENAME, {"form": {"name": "Alice two"}})
        tab.read_until(is_refused)
    assert alice_client.get("/api/tasks").status_code == 429
    assert "Alice one" in str(rows(alice)["users"])


def test_pictures_from_tabs_count_as_uploads_by_address(web: str, alice: Viewer, bob: Viewer) -> None:
    set_limits(upload=3)
    with open_tab(web, factories.session_token(alice)) as tab:
        tab.send(START_AVATAR, {"info": PICTURE})
        tab.send(START_AVATAR, {"info": PICTURE})
        tab.read_to_mark()
    with open_tab(web, factories.session_token(bob)) as tab:
        tab.send(START_AVATAR, {"info": PICTURE})
        tab.send(START_AVATAR, {"info": PICTURE})
        tab.read_until(is_refused)
    assert (len(rows(alice)["assets"]), len(rows(bob)["assets"])) == (2, 1)


def things_of(root: Viewer, hers: Belongings) -> Things:
    ids = {"asset_id": hers.asset_id, "task_id": hers.task_id, "session_id": hers.task_id}
    return Things(root, ids | {"payment_id": factories.make_payment(root)})


@pytest.mark.parametrize("operation", protected(), ids=str)
def test_every_protected_operation_is_counted_for_its_user(operation: Operation, hers: Belongings) -> None:
    root = factories.make_user("root", Role.SUPER_ADMIN)
    client, things = factories.sign_in(browser(), root), things_of(root, hers)
    use_up(Category.USER_API, root.id)
    before = rows()
    answer = operation.call(client, things, operation.body(SCHEMAS, things))
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "RATE_LIMITED")
    assert rows() == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_every_operation_is_counted_for_its_address(operation: Operation, hers: Belongings) -> None:
    client = browser()
    things = things_of(hers.owner, hers)
    use_up(Category.GLOBAL_API, "testclient")
    assert operation.call(client, things, operation.body(SCHEMAS, things)).status_code == 429


def test_what_the_queues_are_asked_is_counted(db: None) -> None:
    root = factories.make_user("root", Role.SUPER_ADMIN)
    client = factories.sign_in(browser(), root)
    use_up(Category.USER_API, root.id)
    answer = client.post("/dashboard/queues/job/x/delete", headers={"Origin": "http://localhost:3999"})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_an_upload_over_http_is_counted_once(alice_client: TestClient) -> None:
    body = {"filename": "me.png", "contentType": "image/png", "size": 1000}
    assert [alice_client.post("/api/upload", json=body).status_code for _ in range(2)] == [201, 201]
    assert get_redis().get("rl:upload:testclient") == b"2"
