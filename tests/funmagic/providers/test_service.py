"""Providers as admins set them."""

import pytest
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.core.errors import SettingRefused
from funmagic.core.settings import get_settings
from funmagic.models.providers import Provider
from funmagic.providers.service import ending_of, set_provider

KEY = "secret-key-12345678"


def change(name="fal", **values):
    with transaction() as session:
        return set_provider(session, name, **values)


def row_of(name="fal"):
    with reading() as session:
        return session.exec(select(Provider).where(Provider.name == name)).one()


def test_a_provider_is_made_with_what_its_type_knows(db, redis):
    view = change()
    assert (view.type, view.is_active, view.has_api_key, view.base_url) == ("fal", True, False, None)
    assert row_of().display_name == "fal.ai"


def test_a_provider_may_have_another_name_than_its_type(db, redis):
    assert change("fal-eu", kind="fal").type == "fal"


def test_the_key_is_stored_encrypted_and_never_shown(db, redis):
    view = change(api_key=f" {KEY}\n")
    row = row_of()
    assert row.api_key_encrypted.startswith("v1:")
    assert KEY not in f"{row}{view}{view.model_dump_json()}"
    assert view.has_api_key


def test_what_is_not_given_stays(db, redis):
    change(api_key=KEY, base_url="https://fal.example/", config={"requestTimeoutSeconds": 60})
    before = row_of()
    view = change(is_active=False)
    kept = ("https://fal.example", {"requestTimeoutSeconds": 60}, True)
    assert (view.base_url, view.config, view.has_api_key) == kept
    assert not view.is_active
    assert row_of().api_key_encrypted == before.api_key_encrypted


def test_an_empty_address_means_the_types_own_again(db, redis):
    change(base_url="https://fal.example")
    assert change(base_url="").base_url is None


def test_a_configuration_replaces_the_one_before_it(db, redis):
    change(config={"requestTimeoutSeconds": 60, "rateLimit": {"maxPerMinute": 5}})
    assert change(config={"rateLimit": {"maxConcurrency": 2}}).config == {"rateLimit": {"maxConcurrency": 2}}


@pytest.mark.parametrize(
    "config",
    [
        {"unknown": 1},
        {"rateLimit": {"maxperminute": 5}},
        {"rateLimit": {"maxPerMinute": 0}},
        {"rateLimit": {"maxPerMinute": -1}},
        {"rateLimit": {"maxConcurrency": 1.5}},
        {"rateLimit": {"maxPerDay": "many"}},
        {"rateLimit": {"maxRetries": -1}},
        {"rateLimit": {"baseBackoffMs": 0}},
        {"rateLimit": {"retryOn429": "perhaps"}},
        {"rateLimit": 5},
        {"requestTimeoutSeconds": 0},
        {"requestTimeoutSeconds": float("inf")},
        {"requestTimeoutSeconds": 10_000},
        {"headers": {"Authorization": "Key other"}},
        {"headers": {"host": "x"}},
        {"headers": {"X-A": "b\r\nX-C: d"}},
        {"headers": {"X A": "b"}},
    ],
)
def test_a_configuration_that_nobody_reads_or_can_keep_is_refused(db, redis, config):
    with pytest.raises(SettingRefused):
        change(config=config)


def test_a_whole_configuration_passes(db, redis):
    limits = {
        "maxConcurrency": 4,
        "maxPerMinute": 60,
        "maxPerDay": 1000,
        "retryOn429": False,
        "maxRetries": 0,
        "baseBackoffMs": 50,
    }
    config = {"rateLimit": limits, "headers": {"X-Team": "magic"}, "requestTimeoutSeconds": 5}
    assert change(config=config).config == config


@pytest.mark.parametrize("url", ["http://10.0.0.1", "ftp://fal.example", "fal.example", "http://a:b@fal.example"])
def test_an_address_inside_or_of_another_kind_is_refused(db, redis, url):
    with pytest.raises(SettingRefused):
        change(base_url=url)


@pytest.mark.parametrize(
    "url", ["https://fal.example/?a=1", "https://fal.example/#a", f"https://fal.example/{'a' * 300}"]
)
def test_an_address_that_is_no_base_is_refused(db, redis, url):
    with pytest.raises(SettingRefused):
        change(base_url=url)


def test_an_address_inside_passes_when_the_operator_allows_its_host(db, redis, monkeypatch):
    monkeypatch.setattr(get_settings(), "allowed_private_hosts", "10.0.0.1")
    assert change(base_url="http://10.0.0.1:8080").base_url == "http://10.0.0.1:8080"


@pytest.mark.parametrize("key", ["", "  \n", "two words", "a\nb", "schlüssel", "k" * 501])
def test_a_key_that_is_no_key_is_refused(db, redis, key):
    with pytest.raises(SettingRefused):
        change(api_key=key)


@pytest.mark.parametrize(
    "values", [{"name": "nothing"}, {"kind": "nothing"}, {"scope": "admin"}, {"name": "a b", "kind": "fal"}]
)
def test_what_we_do_not_know_is_refused_and_makes_nothing(db, redis, values):
    with pytest.raises(SettingRefused):
        change(**{"name": "fal", **values})
    with reading() as session:
        assert [row.name for row in session.exec(select(Provider))] == ["local"]


def test_a_providers_type_cannot_change(db, redis):
    change("fal")
    with pytest.raises(SettingRefused):
        change("fal", kind="local")


def test_a_provider_can_be_set_while_redis_is_away(db, stoppable_redis):
    stoppable_redis.stop()
    assert change().name == "fal"
    assert row_of().is_active


def test_only_the_end_of_a_long_key_is_shown():
    assert ending_of(KEY) == "5678"
    assert ending_of("short") == ""
