"""Handing mail in at a real server: plain, over TLS, with a password; and what its refusals mean."""

import pytest

from funmagic.mail.service import MailKind
from funmagic.models.base import utcnow
from tests.mail_server import PASSWORD, USER, accept_our_password, make_certificate, running_mail_server
from tests.mailbox import send_due_mails
from tests.worker.mail.mails import LINK, about, load_mail, make_mail_due, seconds_to_wait, write_down
from worker import jobs
from worker.mail import smtp
from worker.mail.sending import BACKOFF_S

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")


def test_a_mail_goes_out_whole(mail_server):
    mail_id = write_down(kind=MailKind.VERIFY_EMAIL, name="Alice")
    jobs.send_mail(mail_id)
    [message] = mail_server.messages
    assert message["From"] == "FunMagic <hello@funmagic.local>"
    assert message["To"] == "alice@example.com"
    assert message["Subject"] == "Confirm your email for FunMagic"
    assert message["Message-ID"] == f"<{mail_id}@funmagic.local>"
    assert abs((message["Date"].datetime - utcnow()).total_seconds()) < 60
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = (part.get_content() for part in message.iter_parts())
    assert "Hello Alice," in text
    assert LINK in text
    assert f'href="{LINK}"' in html
    [envelope] = mail_server.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("hello@funmagic.local", ["alice@example.com"])


def test_the_password_is_shown_where_the_server_wants_one(use_mail_server):
    options = {"authenticator": accept_our_password, "auth_required": True, "auth_require_tls": False}
    with running_mail_server(**options) as server:
        use_mail_server(f"smtp://{USER}:a%20password%3A%20with%2Fsigns%40@127.0.0.1:{server.port}")
        jobs.send_mail(write_down())
        assert len(server.envelopes) == 1
        assert PASSWORD not in str(server.messages[0])


@pytest.mark.parametrize("credentials", ["", f"{USER}:wrong@"])
def test_a_server_that_does_not_know_us_is_asked_again_later(use_mail_server, credentials):
    options = {"authenticator": accept_our_password, "auth_required": True, "auth_require_tls": False}
    with running_mail_server(**options) as server:
        use_mail_server(f"smtp://{credentials}127.0.0.1:{server.port}")
        mail_id = write_down()
        jobs.send_mail(mail_id)
        assert server.envelopes == []
        assert (load_mail(mail_id).attempts, seconds_to_wait(mail_id)) == (1, about(BACKOFF_S[0]))


@pytest.mark.parametrize("query", ["", "?starttls=required"])
def test_the_connection_turns_to_tls_where_that_is_offered(use_mail_server, monkeypatch, tmp_path, query):
    context, trusted = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with running_mail_server(tls_context=context, require_starttls=True) as server:
        use_mail_server(f"{server.url}{query}")
        jobs.send_mail(write_down())
        assert len(server.envelopes) == 1
        assert server.sessions[-1].ssl is not None


def test_tls_from_the_start_works_too(use_mail_server, monkeypatch, tmp_path):
    context, trusted = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with running_mail_server(ssl_context=context) as server:
        use_mail_server(f"smtps://localhost:{server.port}")
        jobs.send_mail(write_down())
        assert len(server.envelopes) == 1


def test_a_server_that_cannot_prove_who_it_is_gets_nothing(use_mail_server, tmp_path):
    context, _trusted = make_certificate(tmp_path)
    with running_mail_server(tls_context=context) as server:
        use_mail_server(server.url)
        mail_id = write_down()
        jobs.send_mail(mail_id)
        assert server.envelopes == []
        assert "CERTIFICATE_VERIFY_FAILED" in load_mail(mail_id).error


def test_where_tls_is_required_nothing_goes_out_without_it(use_mail_server):
    with running_mail_server() as server:
        use_mail_server(f"{server.url}?starttls=required")
        mail_id = write_down()
        jobs.send_mail(mail_id)
        assert server.envelopes == []
        assert "SMTPNotSupportedError" in load_mail(mail_id).error


@pytest.mark.parametrize(
    ("refused", "data_answers"), [({"alice@example.com": "550 no such person"}, []), ({}, ["554 looks like spam"])]
)
def test_a_refusal_for_good_is_not_tried_again(mail_server, refused, data_answers):
    mail_server.recipients_refused, mail_server.data_answers = refused, data_answers
    mail_id = write_down()
    jobs.send_mail(mail_id)
    given_up = load_mail(mail_id)
    assert (given_up.attempts, given_up.next_attempt_at, given_up.sealed) == (1, None, None)
    assert "55" in given_up.error


@pytest.mark.parametrize("answer", ["450 greylisted", "421 too busy", "530 sign in first"])
def test_a_refusal_for_now_is_tried_again(mail_server, answer):
    mail_server.recipients_refused = {"alice@example.com": answer}
    mail_id = write_down()
    jobs.send_mail(mail_id)
    assert seconds_to_wait(mail_id) == about(BACKOFF_S[0])
    mail_server.recipients_refused = {}
    make_mail_due(mail_id)
    jobs.send_mail(mail_id)
    assert len(mail_server.envelopes) == 1


def test_a_server_that_hangs_costs_one_timeout_and_not_one_for_each_mail(mail_server, monkeypatch):
    mail_server.hang = True
    with monkeypatch.context() as hurry:
        hurry.setattr(smtp, "TIMEOUT_S", 0.3)
        hurry.setattr(smtp, "PAUSE_S", 1000)
        mail_ids = [write_down(f"{name}@example.com") for name in ("alice", "bob", "carol")]
        for mail_id in mail_ids:
            jobs.send_mail(mail_id)
        assert ["ServerSilent" in load_mail(mail_id).error for mail_id in mail_ids] == [False, True, True]
    mail_server.hang = False
    monkeypatch.setattr(smtp, "patience", smtp.Patience())
    for mail_id in mail_ids:
        make_mail_due(mail_id)
    send_due_mails()
    assert len(mail_server.envelopes) == 3


def test_an_address_that_no_mail_can_have_is_given_up_in_the_end_and_breaks_nothing(mail_server):
    mail_id = write_down("a,b@example.com\r\nBcc: eve@example.com")
    for _attempt in range(5):
        make_mail_due(mail_id)
        jobs.send_mail(mail_id)
    assert (load_mail(mail_id).next_attempt_at, mail_server.envelopes) == (None, [])
