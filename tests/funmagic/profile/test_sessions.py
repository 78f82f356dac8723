import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlmodel import col

from funmagic.core.db import transaction
from funmagic.models.base import new_id, utcnow
from funmagic.models.users import UserSession
from funmagic.profile.devices import describe_device
from funmagic.sessions.viewer import Viewer
from tests import factories

pytestmark = pytest.mark.both_databases

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
CHROME = MAC + "Chrome/131.0.0.0 Safari/537.36"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1 Mobile/15E148 Safari/604.1"
)


def sign_in_from(client: TestClient, user_agent: str) -> TestClient:
    browser = TestClient(client.app, base_url="http://localhost:3999", headers={"User-Agent": user_agent})
    body = {"email": "alice@example.com", "password": factories.PASSWORD}
    assert browser.post("/api/auth/sign-in", json=body).status_code == 200
    return browser


def sessions_of(client: TestClient) -> list[dict[str, object]]:
    return client.get("/api/auth/sessions").json()["sessions"]


def is_signed_in(client: TestClient) -> bool:
    return client.get("/api/auth/session").json()["user"] is not None


@pytest.fixture
def laptop(alice: Viewer, client: TestClient) -> TestClient:
    return sign_in_from(client, CHROME)


@pytest.fixture
def phone(laptop: TestClient, client: TestClient) -> TestClient:
    return sign_in_from(client, IPHONE)


def test_sessions_are_listed_in_plain_words_this_one_first(laptop: TestClient, phone: TestClient) -> None:
    found = sessions_of(laptop)
    assert [session["device"] for session in found] == ["Chrome on macOS", "Safari on iPhone"]
    assert [session["isCurrent"] for session in found] == [True, False]
    assert set(found[0]) == {"id", "device", "ip", "createdAt", "lastSeenAt", "isCurrent"}
    assert [session["isCurrent"] for session in sessions_of(phone)] == [True, False]


def test_a_session_that_ran_out_is_not_listed(alice: Viewer, laptop: TestClient, phone: TestClient) -> None:
    phone_id = sessions_of(laptop)[1]["id"]
    with transaction() as session:
        session.execute(sa.update(UserSession).where(col(UserSession.id) == phone_id).values(expires_at=utcnow()))
    assert len(sessions_of(laptop)) == 1


def test_a_revoked_session_is_over_at_its_next_request(laptop: TestClient, phone: TestClient) -> None:
    assert is_signed_in(phone)
    assert laptop.delete(f"/api/auth/sessions/{sessions_of(laptop)[1]['id']}").status_code == 204
    assert (is_signed_in(laptop), is_signed_in(phone)) == (True, False)
    assert phone.get("/api/profile").status_code == 401


def test_all_other_sessions_are_revoked_at_once(laptop: TestClient, phone: TestClient, client: TestClient) -> None:
    tablet = sign_in_from(client, IPHONE)
    assert all(map(is_signed_in, (laptop, phone, tablet)))
    assert phone.delete("/api/auth/sessions").status_code == 204
    assert [is_signed_in(browser) for browser in (laptop, phone, tablet)] == [False, True, False]


def test_bob_finds_no_session_of_alices(laptop: TestClient, bob_client: TestClient) -> None:
    hers = bob_client.delete(f"/api/auth/sessions/{sessions_of(laptop)[0]['id']}")
    nobodys = bob_client.delete(f"/api/auth/sessions/{new_id()}")
    assert hers.status_code == nobodys.status_code == 404
    assert hers.json() == nobodys.json()
    bob_client.delete("/api/auth/sessions")
    assert is_signed_in(laptop)
    assert len(sessions_of(bob_client)) == 1


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (CHROME, "Chrome on macOS"),
        (CHROME + " Edg/131.0.0.0", "Edge on macOS"),
        (CHROME.replace("Macintosh; Intel Mac OS X 10_15_7", "Windows NT 10.0; Win64; x64"), "Chrome on Windows"),
        (CHROME.replace("Macintosh; Intel Mac OS X 10_15_7", "X11; CrOS x86_64 14541.0.0"), "Chrome on ChromeOS"),
        (CHROME + " OPR/116.0.0.0", "Opera on macOS"),
        (MAC + "Version/18.1 Safari/605.1.15", "Safari on macOS"),
        (IPHONE, "Safari on iPhone"),
        (IPHONE.replace("Version/18.1", "CriOS/131.0.6778.73"), "Chrome on iPhone"),
        (IPHONE.replace("Version/18.1", "FxiOS/133.0"), "Firefox on iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) Version/17.7 Safari/604.1", "Safari on iPad"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/131.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Linux; Android 14) SamsungBrowser/27.0 Chrome/125.0.0.0", "Samsung Internet on Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox on Linux"),
        (CHROME.replace("Chrome/", "HeadlessChrome/"), "Chrome on macOS"),
        (CHROME.replace("Safari", "YaBrowser/24.12.0.0 Safari"), "Yandex on macOS"),
        (CHROME + " Vivaldi/7.0.3495.6", "Vivaldi on macOS"),
        (IPHONE.replace("Version/18.1", "EdgiOS/131.0.2903.68"), "Edge on iPhone"),
        ("curl/8.5.0", "curl"),
        ("python-requests/2.32.3", "Python"),
        ("<script>alert(1)</script>", "Unknown device"),
        ("", "Unknown device"),
        (None, "Unknown device"),
    ],
)
def test_a_browser_is_told_in_plain_words(user_agent: str | None, words: str) -> None:
    assert describe_device(user_agent) == words
