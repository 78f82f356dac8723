"""The page behind a mailed sign-in link: a look uses nothing up, its button signs in."""

from fastapi.testclient import TestClient

from funmagic import paths
from tests.mailbox import Mailbox, link_in

EMAIL = "linked@example.com"


def request_link(client: TestClient, mailbox: Mailbox, next_url: str = "/tools/background-remove") -> str:
    assert client.post(paths.API_MAGIC_LINK, json={"email": EMAIL, "next": next_url}).status_code == 202
    return link_in(mailbox.newest(EMAIL)).partition("token=")[2]


def open_link(client: TestClient, token: str):
    return client.get(paths.API_MAGIC_LINK_VERIFY, params={"token": token})


def press(client: TestClient, token: str):
    return client.post(paths.API_MAGIC_LINK_VERIFY, data={"token": token}, follow_redirects=False)


def test_looking_at_a_link_burns_nothing_and_tells_nobody_its_secret(client: TestClient, mailbox: Mailbox) -> None:
    token = request_link(client, mailbox)
    for _ in range(3):
        page = open_link(client, token)
        assert page.status_code == 200
        assert EMAIL in page.text
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "strict-origin"
        assert "set-cookie" not in page.headers
    answer = press(client, token)
    assert (answer.status_code, answer.headers["location"]) == (303, "/tools/background-remove")
    assert client.get(paths.API_SESSION).json()["user"]["email"] == EMAIL


def test_json_works_as_the_form_does(client: TestClient, mailbox: Mailbox) -> None:
    token = request_link(client, mailbox)
    answer = client.post(paths.API_MAGIC_LINK_VERIFY, json={"token": token}, follow_redirects=False)
    assert answer.status_code == 303
    assert "fm_session" in answer.headers["set-cookie"]
    again = client.post(paths.API_MAGIC_LINK_VERIFY, json={"token": token}, follow_redirects=False)
    assert (again.status_code, again.json()["error"]["code"]) == (400, "LINK_EXPIRED")


def test_a_used_link_offers_a_new_one_to_the_same_place(client: TestClient, mailbox: Mailbox) -> None:
    token = request_link(client, mailbox)
    press(client, token)
    for page in (open_link(client, token), press(client, token)):
        assert page.status_code == 400
        assert 'href="/login?next=/tools/background-remove"' in page.text
    assert 'href="/login"' in open_link(client, "unknown").text


def test_a_link_leads_to_no_other_site(client: TestClient, mailbox: Mailbox) -> None:
    assert press(client, request_link(client, mailbox, "//evil.example")).headers["location"] == "/tools"


def test_a_body_that_is_neither_is_refused(client: TestClient) -> None:
    for body in (b"", b"[]", b"{", b'{"token": 1}', b"\xff"):
        for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
            answer = client.post(
                paths.API_MAGIC_LINK_VERIFY, content=body, headers={"Content-Type": kind}, follow_redirects=False
            )
            assert (answer.status_code, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR")


def test_what_stands_in_the_address_never_becomes_part_of_the_page(client: TestClient, mailbox: Mailbox) -> None:
    client.post(paths.API_MAGIC_LINK, json={"email": "'&lt='onload=a@example.com", "next": ""})
    token = link_in(mailbox.newest()).partition("token=")[2]
    assert "&#x27;&amp;lt=&#x27;onload=a@example.com" in open_link(client, token).text
