"""Providers are found by their row, and opened with the key in it."""

import pytest
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.models.providers import Provider
from funmagic.providers.registry import PROVIDER_TYPES
from funmagic.providers.service import set_provider
from tests.factories import balance_of, configure_step, load_task, submit
from tests.worker.providers.keys import KEY
from worker.providers.accounts import read_account
from worker.providers.base import ProviderUnavailable
from worker.providers.fal.adapter import Adapter as FalAdapter
from worker.providers.local.adapter import Adapter as LocalAdapter
from worker.providers.registry import ADAPTERS, open_provider
from worker.runs.run import run_task


def change(name="fal", **values):
    with transaction() as session:
        set_provider(session, name, **values)


def change_row(name="fal", **columns):
    with transaction() as session:
        row = session.exec(select(Provider).where(Provider.name == name)).one()
        for column, value in columns.items():
            setattr(row, column, value)


def open_named(name="fal"):
    with reading() as session:
        return open_provider(read_account(session, "web", name))


def test_every_type_that_can_be_set_can_be_opened():
    assert set(ADAPTERS) == set(PROVIDER_TYPES)


def test_the_local_provider_needs_no_key(db):
    assert isinstance(open_named("local"), LocalAdapter)


def test_the_key_is_opened_here_and_printing_the_account_does_not_show_it(db, redis):
    change(api_key=KEY)
    with reading() as session:
        account = read_account(session, "web", "fal")
    assert account.api_key.get_secret_value() == KEY
    assert KEY not in f"{account!r} {account}"
    assert isinstance(open_named(), FalAdapter)


def test_two_accounts_at_one_service_are_kept_apart(db, redis):
    change(api_key="key-of-the-first")
    change("fal-eu", kind="fal", api_key="key-of-the-second")
    with reading() as session:
        keys = [read_account(session, "web", name).api_key.get_secret_value() for name in ("fal", "fal-eu")]
    assert keys == ["key-of-the-first", "key-of-the-second"]


@pytest.mark.parametrize(
    "columns",
    [
        {"is_active": False},
        {"api_key_encrypted": None},
        {"api_key_encrypted": "v1:AAAA"},
        {"api_key_encrypted": KEY},
        {"credentials_encrypted": "v1:AAAA"},
        {"type": "no-such-type"},
        {"config": {"no-such-option": 1}},
    ],
)
def test_a_provider_that_is_off_or_not_set_up_right_is_unavailable(db, redis, columns):
    change(api_key=KEY)
    change_row(**columns)
    with pytest.raises(ProviderUnavailable) as caught:
        open_named()
    assert KEY not in str(caught.value)


def test_a_provider_that_is_not_there_is_unavailable(db):
    with pytest.raises(ProviderUnavailable):
        open_named("nobody")


def test_a_key_copied_to_another_row_does_not_open(db, redis):
    change(api_key=KEY)
    change("fal-eu", kind="fal")
    with reading() as session:
        sealed = session.exec(select(Provider.api_key_encrypted).where(Provider.name == "fal")).one()
    change_row("fal-eu", api_key_encrypted=sealed)
    with pytest.raises(ProviderUnavailable):
        open_named("fal-eu")


def test_credentials_are_no_key_and_do_not_open_as_one(db, redis):
    change("openai", credentials={"organization": "org-1"})
    with reading() as session:
        sealed = session.exec(select(Provider.credentials_encrypted).where(Provider.name == "openai")).one()
    change_row("openai", api_key_encrypted=sealed)
    with pytest.raises(ProviderUnavailable):
        open_named("openai")


def test_a_run_at_a_provider_that_was_switched_off_gives_the_credits_back(alice, redis):
    change(api_key=KEY, is_active=False)
    configure_step(provider="fal")
    task = submit(alice)
    run_task(task.id)
    assert load_task(task.id).error_code == "PROVIDER_ERROR"
    assert balance_of(alice).available == 100
