import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlmodel import col, select

from funmagic.accounts.email_change import request_email_change
from funmagic.accounts.roles import has_super_admin
from funmagic.accounts.tokens import issue_token
from funmagic.audit_log.service import record_act
from funmagic.core.db import reading, transaction
from funmagic.core.errors import SignInRequired
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.local import LocalStorage
from funmagic.core.storage.protocol import StorageUnavailable
from funmagic.credits import ledger
from funmagic.library.uploads import remove_discarded
from funmagic.models.assets import Asset
from funmagic.models.base import db_time, new_id, utcnow
from funmagic.models.credits import CreditTransaction
from funmagic.models.tables import metadata
from funmagic.models.tasks import Task, TaskStep
from funmagic.models.users import Account, AccountProvider, Role, TokenPurpose, User, UserSession
from funmagic.profile import deletion
from funmagic.profile.avatars import use_avatar
from funmagic.profile.deletion import delete_account, erase_deleted_accounts
from funmagic.profile.errors import LastSuperAdmin, WrongConfirmation
from funmagic.sessions.service import open_session
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.factories import PASSWORD
from tests.funmagic.profile.avatars import upload
from tests.worker.engine import ScriptedProvider, install
from worker.runs.run import run_task

pytestmark = pytest.mark.both_databases

# Nothing else in the database is called so.
NAME, EMAIL = "Zaphod Beeblebrox", "zaphod@beeblebrox.example"
PERSONAL = re.compile("zaphod|beeblebrox|203[.]0[.]113[.]9|HeartOfGold", re.IGNORECASE)


@pytest.fixture
def zaphod(client: TestClient) -> Viewer:
    body = {"email": EMAIL, "password": PASSWORD, "name": NAME}
    id_ = client.post("/api/auth/sign-up", json=body).json()["user"]["id"]
    return Viewer(id=id_, email=EMAIL, name=NAME, role="user")


@pytest.fixture
def provider(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> ScriptedProvider:
    return install(ScriptedProvider(), monkeypatch)


def personal_values() -> Iterator[tuple[str, str, Any]]:
    """Every value of every column of every table that tells who somebody was."""
    with reading() as session:
        for table in metadata.sorted_tables:
            for row in session.execute(sa.select(table)).mappings():
                for column, value in row.items():
                    if PERSONAL.search(str(value)):
                        yield table.name, str(column), value


def files_of(viewer: Viewer) -> list[str]:
    rooms = (f"{room}/{viewer.id}/" for room in ("uploads", "inputs", "outputs", "avatars"))
    return [key for room in rooms for key in get_storage().list_keys("private", room)]


def age_uploads() -> None:
    """The addresses that were signed for uploads have run out."""
    with transaction() as session:
        session.execute(sa.update(Asset).values(created_at=utcnow().replace(year=2000)))


def do_together(*acts: Callable[[], object]) -> list[Any]:
    """Do different things at the same moment; returns what each returned or raised."""
    each = iter(acts)

    def act() -> object:
        return next(each)()

    return factories.run_together(len(acts), act)


def lines_of(viewer: Viewer) -> list[str]:
    with reading() as session:
        own = select(CreditTransaction.type).where(CreditTransaction.user_id == viewer.id)
        return list(session.exec(own.order_by(col(CreditTransaction.id))))


def live_a_full_life(viewer: Viewer) -> str:
    """Leave something personal wherever there is room for it; returns the id of a run in progress."""
    use_avatar(viewer, upload(viewer, factories.photo_bytes()))
    ended = factories.submit(viewer, key=f"{NAME} 1")
    run_task(ended.id)
    request_email_change(viewer, "zaphod@elsewhere.example", session_token=factories.session_token(viewer))
    with transaction() as session:
        open_session(session, viewer.id, ip="203.0.113.9", user_agent="HeartOfGold/1.0")
        issue_token(session, TokenPurpose.MAGIC_LINK, email=EMAIL, data={"next": "/zaphod"})
        google = Account(user_id=viewer.id, provider=AccountProvider.GOOGLE, provider_account_id="beeblebrox-1")
        session.add(google)
        user = session.get_one(User, viewer.id)
        user.stripe_customer_id, user.accent, user.theme = "cus_zaphod", "teal", "dark"
        ledger.adjust(session, viewer.id, 5, key=new_id(), description=f"sorry, {NAME}")
        record_act(session, None, "credits.adjust", ("user", viewer.id), reason=f"{NAME} asked for it")
        record_act(session, None, "credits.refund_task", ("task", ended.id), reason=f"for {NAME}")
        is_there = col(Asset.deleted_at).is_(None)
        session.execute(sa.update(Asset).where(is_there).values(filename=f"{NAME}.png", meta={"by": NAME}))
        session.execute(sa.update(TaskStep).values(request={"prompt": NAME}, error=NAME, provider_job_id="zaphod-1"))
        session.execute(sa.update(Task).values(output={"assetIds": [], "note": NAME}))
    factories.make_payment(viewer, idempotency_key=f"{NAME} pays", return_path="/tools/zaphod")
    return factories.submit(viewer, key=f"{NAME} 2").id


def test_nothing_personal_is_left_anywhere_after_a_deletion(zaphod: Viewer, provider: ScriptedProvider) -> None:
    live_a_full_life(zaphod)
    places = {(table, column) for table, column, _ in personal_values()}
    assert len(places) >= 15, places
    assert len(files_of(zaphod)) >= 3
    delete_account(zaphod, EMAIL)
    assert list(personal_values()) == []
    assert files_of(zaphod) == []
    age_uploads()
    remove_discarded()
    with reading() as session:
        assert session.exec(select(Asset)).all() == []
        user = session.get_one(User, zaphod.id)
    assert user.deleted_at is not None
    assert (user.name, user.email_verified_at, user.accent, user.theme) == ("", None, None, "system")


def test_a_deletion_cancels_what_runs_and_keeps_the_ledger(zaphod: Viewer, provider: ScriptedProvider) -> None:
    running = live_a_full_life(zaphod)
    delete_account(zaphod, EMAIL)
    task = factories.load_task(running)
    assert (task.status, task.error_code, task.input, task.announced_at is None) == ("failed", "CANCELLED", {}, False)
    assert lines_of(zaphod) == ["welcome", "reservation", "usage", "admin_adjust", "reservation", "release"]
    assert factories.balance_of(zaphod).reserved == 0
    assert factories.books_are_right()


def test_whoever_deleted_their_account_is_out_everywhere(zaphod: Viewer, client: TestClient) -> None:
    other = factories.sign_in(TestClient(client.app, base_url="http://localhost:3999"), zaphod)
    assert other.get("/api/profile").status_code == 200
    answer = client.request("DELETE", "/api/profile", json={"confirmation": f" {EMAIL.upper()} "})
    assert answer.status_code == 204
    assert 'fm_session=""' in answer.headers["set-cookie"]
    for browser in (client, other):
        assert browser.get("/api/profile").status_code == 401
    assert client.post("/api/auth/sign-in", json={"email": EMAIL, "password": PASSWORD}).status_code == 401


def test_the_email_may_sign_up_again_without_a_second_welcome(zaphod: Viewer, client: TestClient) -> None:
    delete_account(zaphod, EMAIL)
    again = client.post("/api/auth/sign-up", json={"email": EMAIL, "password": PASSWORD, "name": NAME})
    assert again.status_code == 201
    assert again.json()["user"]["id"] != zaphod.id
    assert client.get("/api/credits/balance").json()["available"] == 0
    assert client.get("/api/tasks").json()["tasks"] == []


@pytest.mark.parametrize("confirmation", ["", "yes", "bob@example.com", NAME])
def test_a_deletion_wants_the_email_typed(
    zaphod: Viewer, provider: ScriptedProvider, client: TestClient, confirmation: str
) -> None:
    running = factories.submit(zaphod)
    answer = client.request("DELETE", "/api/profile", json={"confirmation": confirmation})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "WRONG_CONFIRMATION")
    assert factories.load_task(running.id).status == "queued"
    assert client.get("/api/profile").status_code == 200
    with pytest.raises(WrongConfirmation):
        delete_account(zaphod, confirmation)


def test_of_two_deletions_at_once_one_wins(zaphod: Viewer, provider: ScriptedProvider) -> None:
    live_a_full_life(zaphod)
    outcomes = factories.run_together(4, lambda: delete_account(zaphod, EMAIL))
    assert outcomes.count(None) == 1
    assert {type(outcome) for outcome in outcomes} == {type(None), SignInRequired}
    assert list(personal_values()) == []
    assert lines_of(zaphod).count("release") == 1


@pytest.mark.parametrize("attempt", range(6))
def test_a_run_that_ends_during_the_deletion_is_charged_or_released_once(
    zaphod: Viewer, provider: ScriptedProvider, attempt: int
) -> None:
    task = factories.submit(zaphod)
    outcomes = do_together(lambda: run_task(task.id), lambda: delete_account(zaphod, EMAIL))
    assert outcomes == [None, None]
    status = factories.load_task(task.id).status
    assert lines_of(zaphod) == ["welcome", "reservation", "usage" if status == "completed" else "release"]
    assert factories.books_are_right()
    assert factories.balance_of(zaphod).reserved == 0
    assert list(personal_values()) == []
    assert files_of(zaphod) == []


def test_a_run_submitted_while_the_account_goes_is_erased_by_the_clock(
    zaphod: Viewer, provider: ScriptedProvider
) -> None:
    do_together(lambda: delete_account(zaphod, EMAIL), *[lambda: factories.submit(zaphod)] * 3)
    erase_deleted_accounts()
    with reading() as session:
        running = select(Task.id).where(col(Task.status).not_in(["completed", "failed"]))
        assert session.exec(running).all() == []
    assert list(personal_values()) == []
    assert factories.balance_of(zaphod).reserved == 0
    assert factories.books_are_right()
    age_uploads()
    remove_discarded()
    assert files_of(zaphod) == []


def test_the_clock_finishes_what_a_dead_process_began(
    zaphod: Viewer, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = live_a_full_life(zaphod)

    def die(_user_id: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(deletion, "_erase", die)
        with pytest.raises(KeyboardInterrupt):
            delete_account(zaphod, EMAIL)
    assert list(personal_values()) != []
    with transaction() as session:
        session.get_one(User, zaphod.id).deleted_at = utcnow().replace(year=2000)
    erase_deleted_accounts()
    assert list(personal_values()) == []
    assert factories.load_task(running).error_code == "CANCELLED"


def test_a_session_opened_while_the_account_goes_is_erased_by_the_clock(zaphod: Viewer) -> None:
    delete_account(zaphod, EMAIL)
    with transaction() as session:
        open_session(session, zaphod.id, ip="203.0.113.9", user_agent="HeartOfGold/1.0")
    erase_deleted_accounts()
    assert list(personal_values()) == []


def test_with_the_store_away_the_account_goes_and_its_files_follow(
    zaphod: Viewer, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_a_full_life(zaphod)

    def refuse(*_: Any) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "delete", refuse)
        delete_account(zaphod, EMAIL)
    assert list(personal_values()) == []
    assert files_of(zaphod) != []
    remove_discarded()
    assert files_of(zaphod) == []


def test_others_keep_everything(zaphod: Viewer, bob: Viewer, bob_client: TestClient, provider: Any) -> None:
    live_a_full_life(zaphod)
    bobs = factories.submit(bob)
    use_avatar(bob, upload(bob, factories.photo_bytes()))
    request_email_change(zaphod, bob.email, session_token=factories.session_token(zaphod))
    with transaction() as session:
        issue_token(session, TokenPurpose.MAGIC_LINK, email=bob.email)
    before = len(files_of(bob))
    delete_account(zaphod, EMAIL)
    assert factories.load_task(bobs.id).input != {}
    assert bob_client.get("/api/profile").json()["profile"]["avatarUrl"]
    assert len(files_of(bob)) == before
    with reading() as session:
        assert session.exec(select(UserSession.user_id)).all() == [bob.id]
        assert session.exec(select(Account.user_id)).all() == [bob.id]


def test_the_last_super_admin_stays(db: None, redis: None) -> None:
    first = factories.make_user("first", Role.SUPER_ADMIN)
    second = factories.make_user("second", Role.SUPER_ADMIN)
    delete_account(first, first.email)
    with pytest.raises(LastSuperAdmin):
        delete_account(second, second.email)
    with reading() as session:
        assert has_super_admin(session)
        assert session.get_one(User, second.id).deleted_at is None


@pytest.mark.parametrize("attempt", range(3))
def test_of_the_last_two_super_admins_who_leave_at_once_one_stays(db: None, redis: None, attempt: int) -> None:
    admins = iter([factories.make_user(name, Role.SUPER_ADMIN) for name in ("first", "second")])

    def leave() -> None:
        admin = next(admins)
        delete_account(admin, admin.email)

    assert sorted(type(outcome).__name__ for outcome in factories.run_together(2, leave)) == [
        "LastSuperAdmin",
        "NoneType",
    ]


def test_a_deleted_run_is_not_due_and_not_orphaned(zaphod: Viewer, provider: ScriptedProvider) -> None:
    task = factories.submit(zaphod)
    factories.change_task(task.id, next_check_at=db_time(-60))
    delete_account(zaphod, EMAIL)
    row = factories.load_task(task.id)
    assert (row.next_check_at, row.leased_until, row.deleted_at is None) == (None, None, False)
    run_task(task.id)
    assert provider.calls == []
