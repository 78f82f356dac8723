"""The development mailbox: what it keeps, what it shows, and to whom."""

import re
import stat

import pytest
from fastapi.testclient import TestClient

from funmagic.core.settings import get_settings
from funmagic.mail.mailbox.store import KEPT, list_mails, store_mail
from funmagic.models.base import new_id
from tests.servers import shared_api

ADDRESSES = ("/dev/mailbox", "/dev/mailbox.json")


def browser(host="localhost", address="127.0.0.1", **headers):
    return TestClient(shared_api(), base_url=f"http://{host}:3999", client=(address, 50_000), headers=headers)


def store(to="alice@example.com", subject="Hello", html="<html><head></head><body>Hi</body></html>"):
    mail_id = new_id()
    store_mail(mail_id, to=to, subject=subject, text="Hi", html=html)
    return mail_id


def messages():
    return browser().get("/dev/mailbox.json").json()["messages"]


def test_the_newest_mail_comes_first(mailbox):
    store(subject="first")
    store("bob@example.com", subject="second")
    found = messages()
    assert [(mail["to"], mail["subject"]) for mail in found] == [
        ("bob@example.com", "second"),
        ("alice@example.com", "first"),
    ]
    assert set(found[0]) == {"to", "subject", "text", "html", "sentAt"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00", found[0]["sentAt"])


def test_an_empty_mailbox_says_so_and_what_to_do(mailbox):
    assert messages() == []
    page = browser().get("/dev/mailbox")
    assert "No mail yet" in page.text
    assert 'href="/login"' in page.text


@pytest.mark.parametrize("path", ADDRESSES)
def test_it_is_there_for_whoever_sits_at_this_machine(mailbox, path):
    for client in (browser(), browser("127.0.0.1"), browser(address="::1")):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ADDRESSES)
def test_nobody_else_learns_that_it_exists(mailbox, path):
    strangers = [
        browser(address="192.168.1.7"),
        browser(**{"X-Forwarded-For": "127.0.0.1"}),
        browser(**{"X-Real-IP": "127.0.0.1"}),
        # A name of somebody else's that leads here: the page that uses it is theirs.
        browser("evil.example"),
    ]
    for client in strangers:
        answer = client.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ADDRESSES)
def test_in_production_it_does_not_exist(mailbox, monkeypatch, path):
    monkeypatch.setattr(get_settings(), "env", "production")
    assert browser().get(path).status_code == 404


def test_one_mail_is_opened_and_its_links_leave_the_frame(mailbox):
    older = store(subject="The older one", html='<html><head></head><body><a href="/x">"go"</a></body></html>')
    store(subject="The newer one")
    page = browser().get("/dev/mailbox", params={"mail": older}).text
    assert '<main class="box is-opened">' in page
    assert "<h2>The older one</h2>" in page
    frame = re.search(r'<iframe [^>]*sandbox="([^"]*)" srcdoc="([^"]*)"', page)
    assert "allow-scripts" not in frame[1]
    assert frame[2].startswith("&lt;html&gt;&lt;head&gt;&lt;base target=&#34;_top&#34;&gt;")


@pytest.mark.parametrize("mail", ["", "nobody-knows-it", "../secrets/secret_key"])
def test_without_one_that_is_there_the_newest_is_shown(mailbox, mail):
    store(subject="The newest")
    answer = browser().get("/dev/mailbox", params={"mail": mail})
    assert "<h2>The newest</h2>" in answer.text
    assert '<main class="box">' in answer.text


def test_what_a_mail_says_cannot_run_in_the_page(mailbox):
    store(to="<script>alert(1)</script>@example.com", subject="<img src=x onerror=alert(1)>", html="</iframe><script>")
    answer = browser().get("/dev/mailbox")
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert "</iframe><script>" not in answer.text
    assert "script-src 'nonce-" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_only_the_newest_are_kept(mailbox):
    ids = [store(subject=f"mail {number}") for number in range(KEPT + 3)]
    assert [id_ for id_, _ in list_mails()] == ids[:2:-1]


def test_a_mail_that_is_delivered_twice_lies_there_once(mailbox):
    mail_id = new_id()
    for _ in range(2):
        store_mail(mail_id, to="alice@example.com", subject="Hello", text="Hi", html="Hi")
    assert len(messages()) == 1


def test_mails_are_for_the_owner_s_eyes_only_and_a_damaged_one_is_left_out(mailbox):
    mail_id = store()
    folder = get_settings().data_dir / "mailbox"
    assert stat.S_IMODE((folder / f"{mail_id}.json").stat().st_mode) == 0o600
    (folder / f"{new_id()}.json").write_text("{half of")
    assert len(messages()) == 1
