"""Any order of what two people do about each other's emails: what its owner has proved, nobody else gets into."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel import col, select

from funmagic.accounts import service
from funmagic.accounts.email_change import confirm_email_change, request_email_change
from funmagic.accounts.errors import LinkExpired
from funmagic.accounts.passwords import password_matches
from funmagic.accounts.tokens import digest
from funmagic.core.crypto import decrypt
from funmagic.core.db import reading, transaction
from funmagic.core.errors import FunMagicError, SignInRequired
from funmagic.core.settings import get_settings
from funmagic.mail import service as mail
from funmagic.mail.service import SEALED
from funmagic.models.mails import OutgoingMail
from funmagic.models.tables import metadata
from funmagic.models.users import Account, OneTimeToken, TokenPurpose, User
from funmagic.oauth.exchange import Identity
from funmagic.oauth.service import connect, enter
from funmagic.profile.service import change_password
from funmagic.sessions.service import find_viewer, open_session
from funmagic.sessions.viewer import Viewer
from tests.funmagic.accounts.links_mailed import token_in

pytestmark = pytest.mark.both_databases

EMAILS = st.sampled_from(["ann1@example.com", "ann2@example.com", "eve1@example.com"])
NAMES = st.sampled_from(["ann", "eve"])
ANY = st.integers(min_value=0, max_value=3)


@dataclass
class Person:
    """Somebody with two mailboxes, a password, accounts at providers, and browsers in which they came in."""

    name: str
    inbox: list[str] = field(default_factory=list)
    # As a request has them that is still under way when they have ended.
    sessions: list[tuple[Viewer, str]] = field(default_factory=list)

    @property
    def password(self) -> str:
        """The one that they alone know."""
        return f"the long password of {self.name}"

    def owns(self, email: str) -> bool:
        """Whether they read the mails to this address."""
        return email.startswith(self.name)


def attempt(act: Callable[..., None]) -> Callable[..., None]:
    """The act, which may be refused."""

    @wraps(act)
    def tried(machine: "TwoPeople", **choices: Any) -> None:
        with suppress(FunMagicError):
            act(machine, **choices)

    return tried


class TwoPeople(RuleBasedStateMachine):
    verifies = False

    def __init__(self) -> None:
        super().__init__()
        with transaction() as session:
            for table in reversed(metadata.sorted_tables):
                session.execute(table.delete())
        self.people = {name: Person(name) for name in ("ann", "eve")}
        # Whoever had the mailbox when an account's email was first proved, by the account's id.
        self.owners: dict[str, Person] = {}

    @initialize(is_claimed=st.booleans(), is_proved=st.booleans())
    def somebody_was_faster(self, *, is_claimed: bool, is_proved: bool) -> None:
        eve = self.people["eve"]
        self.come_in(eve, service.sign_up("ann1@example.com", eve.password, "eve", browser_key="eve"))
        if eve.sessions:
            request_email_change(eve.sessions[0][0], "eve1@example.com", session_token=eve.sessions[0][1])
            self.read_mails()
            if is_claimed:
                confirm_email_change(eve.inbox[0], viewer=eve.sessions[0][0], session_token=eve.sessions[0][1])
        if is_proved:
            self.come_in_by_a_mailed_link(email="ann1@example.com", is_magic=True)

    @rule(name=NAMES, email=EMAILS)
    @attempt
    def sign_up(self, name: str, email: str) -> None:
        person = self.people[name]
        viewer = service.sign_up(email, person.password, name, browser_key=name)
        self.come_in(person, viewer)

    @rule(name=NAMES, email=EMAILS)
    @attempt
    def sign_in(self, name: str, email: str) -> None:
        person = self.people[name]
        self.come_in(person, service.sign_in(email, person.password).viewer)

    @rule(name=NAMES, email=EMAILS, provider=st.sampled_from(["google", "facebook"]))
    @attempt
    def enter_by_provider(self, name: str, email: str, provider: str) -> None:
        person = self.people[name]
        with transaction() as session:
            viewer = enter(session, self.identity(person, email, provider))
        self.come_in(person, viewer)

    @rule(email=EMAILS, is_magic=st.booleans())
    @attempt
    def come_in_by_a_mailed_link(self, email: str, *, is_magic: bool) -> None:
        with transaction() as session:
            if is_magic:
                service.request_magic_link(session, email, "/tools")
            else:
                service.request_password_reset(session, email)
        person = next(person for person in self.people.values() if person.owns(email))
        known = len(person.inbox)
        self.read_mails()
        for token in person.inbox[known:]:
            self.press(person, token, None, None)

    @rule(name=NAMES, which=ANY, email=EMAILS)
    @attempt
    def request_email_change(self, name: str, which: int, email: str) -> None:
        viewer, token = self.pick_session(name, which)
        request_email_change(viewer, email, session_token=token)

    @rule(name=NAMES, which=ANY)
    @attempt
    def choose_a_password(self, name: str, which: int) -> None:
        viewer, token = self.pick_session(name, which)
        change_password(viewer, current=self.people[name].password, new=self.people[name].password, token=token)

    @rule(name=NAMES, which=ANY, email=EMAILS)
    @attempt
    def connect_a_provider(self, name: str, which: int, email: str) -> None:
        viewer, token = self.pick_session(name, which)
        with transaction() as session:
            connect(session, viewer, self.identity(self.people[name], email, "google"), token=token)

    @rule(name=NAMES, which=ANY, session=st.none() | ANY)
    @attempt
    def press_a_mailed_button(self, name: str, which: int, session: int | None) -> None:
        person = self.people[name]
        if not person.inbox:
            raise LinkExpired
        viewer, own = (None, None) if session is None else self.pick_session(name, session)
        self.press(person, person.inbox[-1 - which % len(person.inbox)], viewer, own)

    @invariant()
    def a_proved_account_opens_to_the_owner_of_its_email_alone(self) -> None:
        self.read_mails()
        with reading() as session:
            proved = session.exec(select(User).where(col(User.email_verified_at).is_not(None))).all()
            for user in proved:
                owner, other = sorted(self.people.values(), key=lambda person: not person.owns(user.email))
                assert self.owners.setdefault(user.id, owner) is owner
                ways = session.exec(select(Account).where(Account.user_id == user.id)).all()
                assert not any(other.name in way.provider_account_id for way in ways)
                assert not any(password_matches(other.password, way.password_hash) for way in ways)
                seen = [find_viewer(session, token) for _, token in other.sessions]
                assert user.id not in [viewer.id for viewer in seen if viewer]

    def press(self, person: Person, token: str, viewer: Viewer | None, own: str | None) -> None:
        with reading() as session:
            link = session.exec(select(OneTimeToken).where(OneTimeToken.token_hash == digest(token))).first()
        if link is None:
            raise LinkExpired
        if link.purpose == TokenPurpose.RESET_PASSWORD:
            entered: Viewer | None = service.reset_password(token, person.password)
        elif link.purpose in (TokenPurpose.LEAVE_EMAIL, TokenPurpose.CLAIM_EMAIL):
            confirm_email_change(token, viewer=viewer, session_token=own)
            entered = None
        else:
            with transaction() as session:
                if link.purpose == TokenPurpose.MAGIC_LINK:
                    entered = service.enter_by_magic_link(session, token).viewer
                else:
                    entered = service.verify_email(session, token, viewer=viewer, browser_key=person.name)
        self.come_in(person, entered)

    def come_in(self, person: Person, viewer: Viewer | None) -> None:
        if viewer:
            with transaction() as session:
                person.sessions.append((viewer, open_session(session, viewer.id)))

    def pick_session(self, name: str, which: int) -> tuple[Viewer, str]:
        sessions = self.people[name].sessions
        if not sessions:
            raise SignInRequired
        return sessions[which % len(sessions)]

    def identity(self, person: Person, email: str, provider: str) -> Identity:
        # Facebook vouches for nothing, and Google for what is theirs alone.
        is_verified = provider == "google" and person.owns(email)
        return Identity(provider, f"{provider} of {person.name}", email, is_verified, person.name)

    def read_mails(self) -> None:
        """Hand the mails over to whoever has the mailbox; no limit stands in the way of anybody."""
        with transaction() as session:
            for row in session.exec(select(OutgoingMail)).all():
                sealed = decrypt(str(row.sealed), table="outgoing_mails", row_id=row.id, field=SEALED)
                link = json.loads(sealed)["values"]["link"]
                if "token=" in link:
                    (owner,) = [person for person in self.people.values() if person.owns(row.recipient)]
                    owner.inbox.append(token_in(link))
            session.execute(sa.delete(OutgoingMail))


class TwoPeopleWhereEmailsAreProved(TwoPeople):
    verifies = True


@pytest.mark.parametrize("machine", [TwoPeople, TwoPeopleWhereEmailsAreProved])
def test_whatever_two_people_do_neither_gets_into_what_the_other_has_proved(
    machine: type[TwoPeople], db: None, redis: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "require_email_verification", machine.verifies)
    # The machine hands the mails over itself.
    monkeypatch.setattr(mail, "enqueue_mail", lambda *_: None)
    run_state_machine_as_test(machine, settings=settings(max_examples=16, stateful_step_count=15, deadline=None))
