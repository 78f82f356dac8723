"""Any order of what can happen to accounts: who is live can come in, who is not cannot, and welcomes are given once."""

from dataclasses import dataclass, field

import pytest
from argon2 import PasswordHasher
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlmodel import col, select

from funmagic.accounts import passwords, roles, service, tokens
from funmagic.accounts.errors import EmailTaken, InvalidCredentials, LinkExpired
from funmagic.core.db import reading, transaction
from funmagic.core.errors import NotFound, SignInRequired
from funmagic.core.settings import get_settings
from funmagic.models.credits import CreditTransaction
from funmagic.models.tables import metadata
from funmagic.models.users import Account, Role, TokenPurpose, User
from funmagic.oauth import connections
from funmagic.oauth.errors import AlreadyLinked, LastWayIn
from funmagic.profile.deletion import delete_account
from funmagic.sessions.service import find_viewer, open_session
from funmagic.sessions.viewer import Viewer
from tests.factories import books_are_right

pytestmark = pytest.mark.both_databases

EMAILS = st.sampled_from(["ann@example.com", "ben@example.com"])
PASSWORDS = st.sampled_from(["correct horse battery", "purple monkey dishwasher"])
PROVIDERS = st.sampled_from(["google", "facebook"])
KEY = "the key of the browser that signed up"


@dataclass
class Person:
    """What an account should be."""

    id: str
    email: str
    is_proved: bool = False
    is_banned: bool = False
    ways: dict[str, str] = field(default_factory=dict)
    sessions: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    @property
    def viewer(self) -> Viewer:
        """As whom they act."""
        return Viewer(self.id, self.email, "", Role.USER, self.is_proved)

    def prove(self, *, keeps_access: bool) -> None:
        """The first proof of an email removes what was there before, unless it was surely its owner's."""
        if not self.is_proved and not keeps_access:
            self.ways = {}
            self.end_sessions()
        self.is_proved = True

    def end_sessions(self) -> None:
        """All of them, for good."""
        self.ended += self.sessions
        self.sessions = []


class Accounts(RuleBasedStateMachine):
    verifies = False

    def __init__(self) -> None:
        super().__init__()
        with transaction() as session:
            for table in reversed(metadata.sorted_tables):
                session.execute(table.delete())
        self.people: dict[str, Person] = {}
        self.dead: list[Person] = []
        self.welcomed: set[str] = set()

    def record_person(self, email: str, user_id: str, *, is_proved: bool) -> Person:
        person = self.people.setdefault(email, Person(user_id, email))
        assert person.id == user_id
        person.is_proved = person.is_proved or is_proved
        if person.is_proved or not self.verifies:
            self.welcomed.add(email)
        return person

    @rule(email=EMAILS, password=PASSWORDS)
    def sign_up(self, email: str, password: str) -> None:
        known = self.people.get(email)
        try:
            viewer = service.sign_up(email, password, "Somebody", browser_key=KEY)
        except EmailTaken:
            assert known
            assert not self.verifies
            return
        assert (viewer is None) is self.verifies
        if known is None:
            with reading() as session:
                user_id = session.exec(select(User.id).where(User.email == email)).one()
            self.record_person(email, user_id, is_proved=False).ways["credential"] = password

    @rule(email=EMAILS, password=PASSWORDS)
    def sign_in(self, email: str, password: str) -> None:
        person = self.people.get(email)
        is_right = person and not person.is_banned and person.ways.get("credential") == password
        try:
            viewer = service.sign_in(email, password).viewer
        except InvalidCredentials:
            assert not is_right
            return
        assert is_right
        assert viewer.id == person.id
        self.open_session(person)

    @rule(email=EMAILS, is_own_browser=st.booleans())
    def verify(self, email: str, *, is_own_browser: bool) -> None:
        if (person := self.people.get(email)) is None:
            return
        data = {"browserKey": tokens.digest(KEY)}
        try:
            with transaction() as session:
                token = tokens.issue_token(
                    session, TokenPurpose.VERIFY_EMAIL, email=email, user_id=person.id, data=data
                )
                service.verify_email(session, token, viewer=None, browser_key=KEY if is_own_browser else "another")
        except LinkExpired:
            assert person.is_banned
            return
        assert not person.is_banned
        person.prove(keeps_access=is_own_browser)
        self.record_person(email, person.id, is_proved=True)

    @rule(email=EMAILS)
    def enter_by_magic_link(self, email: str) -> None:
        person = self.people.get(email)
        try:
            with transaction() as session:
                token = tokens.issue_token(session, TokenPurpose.MAGIC_LINK, email=email, data={"next": "/tools"})
                viewer = service.enter_by_magic_link(session, token).viewer
        except LinkExpired:
            assert person
            assert person.is_banned
            return
        assert person is None or not person.is_banned
        if person:
            person.prove(keeps_access=False)
        self.open_session(self.record_person(email, viewer.id, is_proved=True))

    @rule(email=EMAILS, password=PASSWORDS)
    def reset_password(self, email: str, password: str) -> None:
        if (person := self.people.get(email)) is None:
            return
        with transaction() as session:
            token = tokens.issue_token(session, TokenPurpose.RESET_PASSWORD, email=email, user_id=person.id)
        try:
            service.reset_password(token, password)
        except LinkExpired:
            assert person.is_banned
            return
        person.prove(keeps_access=False)
        person.end_sessions()
        person.ways["credential"] = password
        self.record_person(email, person.id, is_proved=True)

    @rule(email=EMAILS, provider=PROVIDERS, account=st.sampled_from(["1", "2"]))
    def link(self, email: str, provider: str, account: str) -> None:
        if (person := self.people.get(email)) is None or person.is_banned or provider in person.ways:
            return
        with reading() as session:
            owner = connections.owner_of(session, provider, account)
        try:
            with transaction() as session:
                connections.link(session, session.get_one(User, person.id), provider, account)
        except AlreadyLinked:
            assert owner is not None
            return
        assert owner is None
        person.ways[provider] = account

    @rule(email=EMAILS, provider=PROVIDERS)
    def unlink(self, email: str, provider: str) -> None:
        if (person := self.people.get(email)) is None:
            return
        try:
            with transaction() as session:
                connections.unlink(session, person.viewer, provider)
        except NotFound:
            assert provider not in person.ways
        except LastWayIn:
            assert list(person.ways) == [provider]
            assert not person.is_proved
        except SignInRequired:
            assert person.is_banned
        else:
            del person.ways[provider]
            assert person.ways or person.is_proved

    @rule(email=EMAILS)
    def ban(self, email: str) -> None:
        if person := self.people.get(email):
            with transaction() as session:
                roles.ban_user(session, session.get_one(User, person.id))
            person.is_banned = True
            person.end_sessions()

    @rule(email=EMAILS)
    def unban(self, email: str) -> None:
        if person := self.people.get(email):
            with transaction() as session:
                roles.unban_user(session.get_one(User, person.id))
            person.is_banned = False

    @rule(email=EMAILS, role=st.sampled_from(list(Role)))
    def change_role(self, email: str, role: Role) -> None:
        if person := self.people.get(email):
            with transaction() as session:
                roles.change_role(session, session.get_one(User, person.id), role)
            with reading() as session:
                assert {find_viewer(session, token).role for token in person.sessions} <= {role}
            with transaction() as session:
                roles.change_role(session, session.get_one(User, person.id), Role.USER)

    @rule(email=EMAILS)
    def delete(self, email: str) -> None:
        if (person := self.people.get(email)) is None:
            return
        try:
            delete_account(person.viewer, email)
        except SignInRequired:
            assert person.is_banned
            return
        person.end_sessions()
        self.dead.append(self.people.pop(email))

    def open_session(self, person: Person) -> None:
        with transaction() as session:
            person.sessions.append(open_session(session, person.id))

    @invariant()
    def ways_in_are_as_they_should_be(self) -> None:
        with reading() as session:
            for person in self.people.values():
                rows = session.exec(select(Account).where(Account.user_id == person.id)).all()
                assert {row.provider for row in rows} == person.ways.keys()
                # Who has proved their email can have a link mailed to it, whatever else they have.
                assert person.ways or person.is_proved
                user = session.get_one(User, person.id)
                assert (user.email_verified_at is not None, user.banned_at is not None) == (
                    person.is_proved,
                    person.is_banned,
                )
                assert all(find_viewer(session, token) for token in person.sessions)
                assert not any(find_viewer(session, token) for token in person.ended)

    @invariant()
    def the_dead_have_no_way_in(self) -> None:
        with reading() as session:
            for person in self.dead:
                assert session.exec(select(Account).where(Account.user_id == person.id)).all() == []
                assert not any(find_viewer(session, token) for token in person.ended)

    @invariant()
    def everybody_was_welcomed_once(self) -> None:
        with reading() as session:
            lines = session.exec(select(CreditTransaction).where(col(CreditTransaction.type) == "welcome")).all()
        assert len(lines) == len(self.welcomed)
        assert len({line.user_id for line in lines}) == len(lines)
        assert books_are_right()

    def teardown(self) -> None:
        for person in self.people.values():
            if not person.is_banned:
                with transaction() as session:
                    token = tokens.issue_token(
                        session, TokenPurpose.MAGIC_LINK, email=person.email, data={"next": "/tools"}
                    )
                    assert service.enter_by_magic_link(session, token).viewer.id == person.id


class AccountsOfProvedEmails(Accounts):
    verifies = True


@pytest.mark.parametrize("machine", [Accounts, AccountsOfProvedEmails])
def test_whatever_happens_who_is_live_can_come_in_and_who_is_not_cannot(
    machine: type[Accounts], db: None, redis: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Slow hashes are for attackers; how slow is tested elsewhere.
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(get_settings(), "require_email_verification", machine.verifies)

    run_state_machine_as_test(machine, settings=settings(max_examples=12, stateful_step_count=20, deadline=None))
