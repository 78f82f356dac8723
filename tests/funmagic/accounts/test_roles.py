import pytest

from funmagic.accounts import roles, service
from funmagic.accounts.errors import InvalidCredentials, LinkExpired
from funmagic.core.db import reading, transaction
from funmagic.models.users import Role, User
from funmagic.sessions.service import find_viewer
from funmagic.sessions.viewer import Viewer
from tests import factories
from tests.factories import PASSWORD
from tests.funmagic.accounts.links_mailed import mailed_token
from tests.mailbox import Mailbox

pytestmark = pytest.mark.both_databases

ROOT = "root@example.com"


def viewer_of(token: str) -> Viewer | None:
    with reading() as session:
        return find_viewer(session, token)


def ban(viewer: Viewer) -> None:
    with transaction() as session:
        roles.ban_user(session, session.get_one(User, viewer.id))


@pytest.mark.parametrize("role", list(Role))
def test_a_new_role_is_in_force_in_every_open_session(alice: Viewer, redis: None, role: Role) -> None:
    tokens = [factories.session_token(alice) for _ in range(2)]
    with transaction() as session:
        roles.change_role(session, session.get_one(User, alice.id), role)
    assert [viewer_of(token).role for token in tokens] == [role, role]


def test_no_way_in_works_for_who_is_banned(alice: Viewer, redis: None, mailbox: Mailbox) -> None:
    with transaction() as session:
        service.request_magic_link(session, alice.email, "/tools")
        service.request_password_reset(session, alice.email)
    reset, magic = (mailed_token(message) for message in mailbox.messages(alice.email))
    token = factories.session_token(alice)
    ban(alice)
    assert viewer_of(token) is None
    with pytest.raises(InvalidCredentials):
        service.sign_in(alice.email, PASSWORD)
    with pytest.raises(LinkExpired):
        service.reset_password(reset, "another good password")
    with pytest.raises(LinkExpired), transaction() as session:
        service.enter_by_magic_link(session, magic)


def test_who_is_no_longer_banned_comes_in_again_but_no_old_session_does(alice: Viewer, redis: None) -> None:
    token = factories.session_token(alice)
    ban(alice)
    with transaction() as session:
        roles.unban_user(session.get_one(User, alice.id))
    assert service.sign_in(alice.email, PASSWORD).viewer.id == alice.id
    assert viewer_of(token) is None


def test_a_first_admin_is_made_with_a_proven_email_and_a_welcome(db: None, redis: None) -> None:
    with transaction() as session:
        assert not roles.has_super_admin(session)
        made = roles.make_admin(session, ROOT, role=Role.SUPER_ADMIN, password_hash=factories.PASSWORD_HASH)
        assert made.email_verified_at is not None
        assert roles.has_super_admin(session)
    viewer = service.sign_in(ROOT, PASSWORD).viewer
    assert viewer.is_super_admin
    assert factories.balance_of(viewer).balance == 100


def test_making_the_same_admin_again_changes_nothing(db: None, redis: None) -> None:
    ids = set()
    for _ in range(2):
        with transaction() as session:
            ids.add(roles.make_admin(session, ROOT, role=Role.SUPER_ADMIN).id)
    assert len(ids) == 1
    assert factories.books_are_right()
