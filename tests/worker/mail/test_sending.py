"""A mail's way out: once, tried again when that fails, and given up in the end."""

import pytest
import structlog
from sqlmodel import select

from funmagic.accounts.service import request_magic_link
from funmagic.core.db import reading, transaction
from funmagic.core.queues import QueueName, queue
from funmagic.core.redis import get_redis
from funmagic.mail.service import MailKind, send_mail
from funmagic.models.base import db_time
from funmagic.models.mails import OutgoingMail
from tests.factories import run_together
from tests.mailbox import send_due_mails
from tests.ports import free_port
from tests.worker.engine import Killed
from tests.worker.mail.mails import LINK, about, change_mail, load_mail, make_mail_due, seconds_to_wait, write_down
from worker import jobs
from worker.clock import Clock
from worker.mail import outbox
from worker.mail import sending as mail
from worker.mail.sending import BACKOFF_S, wake_due_mails
from worker.upkeep.sweeps import sweep_everything

pytestmark = pytest.mark.both_databases


def waiting_jobs():
    return queue(QueueName.MAIL).get_job_ids()


def test_what_was_sent_is_erased_and_never_sent_again(mail_server):
    mail_id = write_down()
    jobs.send_mail(mail_id)
    jobs.send_mail(mail_id)
    assert len(mail_server.envelopes) == 1
    sent = load_mail(mail_id)
    assert (sent.sealed, sent.next_attempt_at, sent.error) == (None, None, None)
    assert sent.sent_at is not None


def test_of_many_deliveries_of_one_job_one_sends(mail_server):
    mail_id = write_down()
    run_together(8, lambda: jobs.send_mail(mail_id))
    assert len(mail_server.envelopes) == 1


def test_nothing_secret_or_personal_is_logged(mail_server):
    mail_server.data_answers = ["451 not now for alice@example.com"]
    mail_id = write_down()
    with structlog.testing.capture_logs() as lines:
        jobs.send_mail(mail_id)
        make_mail_due(mail_id)
        jobs.send_mail(mail_id)
    assert [line["event"] for line in lines] == ["mail_failed", "mail_sent"]
    assert "the-secret-link" not in str(lines)
    assert "alice" not in str(lines)
    assert "alice@example.com" not in str([get_redis().hgetall(key) for key in get_redis().keys("rq:job:*")])


def test_a_mail_is_tried_five_times_with_growing_pauses_and_then_given_up(use_mail_server):
    use_mail_server(f"smtp://127.0.0.1:{free_port()}")
    mail_id = write_down()
    waits = []
    for _attempt in BACKOFF_S:
        jobs.send_mail(mail_id)
        waits.append(seconds_to_wait(mail_id))
        make_mail_due(mail_id)
    assert waits == [about(seconds) for seconds in (10, 60, 300, 1800)]
    jobs.send_mail(mail_id)
    given_up = load_mail(mail_id)
    assert (given_up.attempts, given_up.next_attempt_at, given_up.sealed) == (5, None, None)
    assert given_up.sent_at is None
    assert "ConnectionRefusedError" in given_up.error


def test_a_mail_that_waits_is_not_tried_before_its_time(mail_server):
    mail_server.data_answers = ["451 later"]
    mail_id = write_down()
    jobs.send_mail(mail_id)
    jobs.send_mail(mail_id)
    assert (load_mail(mail_id).attempts, mail_server.envelopes) == (1, [])
    make_mail_due(mail_id)
    jobs.send_mail(mail_id)
    assert (load_mail(mail_id).attempts, len(mail_server.envelopes)) == (2, 1)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_that_dies_on_a_mail_is_followed_by_another(mail_server, monkeypatch, moment):
    mail_id = write_down()
    real = mail.hand_in

    def die(*args):
        if moment == "after":
            real(*args)
        raise Killed

    monkeypatch.setattr(mail, "hand_in", die)
    with pytest.raises(Killed):
        jobs.send_mail(mail_id)
    monkeypatch.setattr(mail, "hand_in", real)
    jobs.send_mail(mail_id)
    assert load_mail(mail_id).sent_at is None  # the lease of the dead one still runs
    make_mail_due(mail_id)
    jobs.send_mail(mail_id)
    assert load_mail(mail_id).sent_at is not None
    # Taken twice where the first one died between the mail_server's word and ours: recognisably the same mail.
    assert len(mail_server.envelopes) == (1 if moment == "before" else 2)
    assert len({message["Message-ID"] for message in mail_server.messages}) == 1


def test_a_mail_whose_every_worker_dies_is_given_up(mail_server, monkeypatch):
    mail_id = write_down()

    def die(*_args):
        raise Killed

    monkeypatch.setattr(mail, "hand_in", die)
    for _attempt in range(5):
        make_mail_due(mail_id)
        with pytest.raises(Killed):
            jobs.send_mail(mail_id)
    make_mail_due(mail_id)
    jobs.send_mail(mail_id)
    assert (load_mail(mail_id).next_attempt_at, load_mail(mail_id).error) == (None, "WorkerLost()")


def test_a_worker_that_comes_back_late_changes_nothing(mail_server):
    mail_id = write_down()
    with transaction() as session:
        late = outbox.claim_mail(session, mail_id)
    make_mail_due(mail_id)
    jobs.send_mail(mail_id)
    with transaction() as session:
        outbox.put_off(session, late, seconds=1, error="too late")
    assert (load_mail(mail_id).next_attempt_at, load_mail(mail_id).error) == (None, None)


def change_and_die():
    with transaction() as session:
        send_mail(session, MailKind.MAGIC_LINK, "bob@example.com", link=LINK)
        raise Killed


def test_a_mail_is_enqueued_once_its_transaction_has_committed_and_only_then(db, redis):
    with transaction() as session:
        send_mail(session, MailKind.MAGIC_LINK, "alice@example.com", link=LINK)
        assert waiting_jobs() == []
    [job_id] = waiting_jobs()
    assert job_id.endswith("-1")
    with pytest.raises(Killed):
        change_and_die()
    assert waiting_jobs() == [job_id]


def test_the_clock_wakes_mails_that_are_due_and_have_no_job(db, redis):
    lost, waits, queued = (write_down(f"{name}@example.com") for name in ("lost", "waits", "queued"))
    get_redis().flushall()
    make_mail_due(lost)
    change_mail(waits, next_attempt_at=db_time(100))
    wake_due_mails()
    assert waiting_jobs() == [f"{lost}-1"]
    make_mail_due(queued)
    wake_due_mails()
    wake_due_mails()
    assert waiting_jobs() == [f"{lost}-1", f"{queued}-1"]


def test_with_redis_away_a_mail_is_kept_and_sent_when_it_is_back(db, stoppable_redis, mailbox):
    stoppable_redis.stop()
    mail_id = write_down()
    stoppable_redis.start()
    make_mail_due(mail_id)
    Clock().tick()
    assert waiting_jobs() == [f"{mail_id}-1"]
    assert len(mailbox.messages("alice@example.com")) == 1


def test_a_failing_mail_server_fails_no_sign_up(client, use_mail_server):
    use_mail_server(f"smtp://127.0.0.1:{free_port()}")
    body = {"email": "new@example.com", "password": "correct horse battery", "name": "New"}
    assert client.post("/api/auth/sign-up", json=body).status_code == 201
    send_due_mails()
    assert client.get("/api/auth/session").json()["user"]["email"] == "new@example.com"


def test_old_mails_are_swept_and_those_on_their_way_are_not(mail_server):
    old, young, stuck = (write_down(f"{name}@example.com") for name in ("old", "young", "stuck"))
    jobs.send_mail(old)
    jobs.send_mail(young)
    for mail_id in (old, stuck):
        change_mail(mail_id, created_at=db_time(-31 * 86400))
    sweep_everything()
    with reading() as session:
        assert set(session.exec(select(OutgoingMail.id))) == {young, stuck}


def test_a_link_is_sent_as_the_service_made_it(mail_server):
    with transaction() as session:
        request_magic_link(session, "Alice@Example.com", "/tools")
    send_due_mails()
    [message] = mail_server.messages
    assert message["To"] == "alice@example.com"
    assert "/api/auth/magic-link/verify?token=" in message.get_body(("plain",)).get_content()
