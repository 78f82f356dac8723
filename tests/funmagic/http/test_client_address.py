import pytest
from sqlmodel import select

from funmagic.core.db import reading
from funmagic.core.settings import get_settings
from funmagic.http.client_address import client_address, is_loopback
from funmagic.models.users import UserSession
from tests.factories import PASSWORD


def scope_of(peer="10.0.0.1", *forwarded, **headers):
    lines = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    lines += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "client": (peer, 1) if peer else None, "headers": lines}


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, [], "10.0.0.1"),
        (0, ["6.6.6.6"], "10.0.0.1"),
        (1, ["1.2.3.4"], "1.2.3.4"),
        (1, ["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        (1, ["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
        (2, ["6.6.6.6, 1.2.3.4, 10.0.0.9"], "1.2.3.4"),
        (2, ["1.2.3.4"], "10.0.0.1"),
        (1, [], "10.0.0.1"),
        (1, [""], "10.0.0.1"),
        (1, ["not an address"], "10.0.0.1"),
        (1, ["6.6.6.6, unknown"], "10.0.0.1"),
        (1, ["1.2.3.4:5678"], "1.2.3.4"),
        (1, ["[2001:DB8::1]:5678"], "2001:db8::1"),
        (1, ["2001:db8::1"], "2001:db8::1"),
        (1, ["::ffff:1.2.3.4"], "1.2.3.4"),
    ],
)
def test_the_client_is_who_the_outermost_trusted_proxy_saw(monkeypatch, hops, forwarded, address):
    monkeypatch.setattr(get_settings(), "trusted_proxy_hops", hops)
    assert client_address(scope_of("10.0.0.1", *forwarded)) == address


def test_a_unix_socket_has_no_address():
    assert client_address(scope_of(None)) is None
    assert not is_loopback(scope_of(None))


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (scope_of("127.0.0.1"), True),
        (scope_of("::1"), True),
        (scope_of("::ffff:127.0.0.1"), True),
        (scope_of("10.0.0.1"), False),
        (scope_of("testclient"), False),
        (scope_of("127.0.0.1", "127.0.0.1"), False),
        (scope_of("127.0.0.1", x_real_ip="127.0.0.1"), False),
        (scope_of("127.0.0.1", forwarded="for=127.0.0.1"), False),
    ],
)
def test_only_who_comes_without_a_proxy_from_this_machine_is_local(scope, expected):
    assert is_loopback(scope) is expected


def test_a_session_remembers_the_address_behind_the_proxies(client, alice, monkeypatch):
    monkeypatch.setattr(get_settings(), "trusted_proxy_hops", 1)
    body = {"email": alice.email, "password": PASSWORD}
    client.post("/api/auth/sign-in", json=body, headers={"X-Forwarded-For": "6.6.6.6, 1.2.3.4"})
    with reading() as session:
        assert [row.ip for row in session.exec(select(UserSession))] == ["1.2.3.4"]
