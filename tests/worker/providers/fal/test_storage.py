"""fal.ai's storage: large photos go there, small ones do not, and the key goes nowhere else."""

import io

import fal_client.client
import pytest
from fal_client import SyncClient
from PIL import Image
from pydantic import SecretStr

from tests.worker.providers.keys import KEY, PHOTO
from worker.providers.accounts import Account
from worker.providers.base import (
    AccountRefused,
    Done,
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
)
from worker.providers.fal import storage


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch):
    monkeypatch.setattr(storage, "LARGEST_INLINE", 100)


def test_a_photo_of_several_megabytes_reaches_fal_through_its_storage(fal, new_run, monkeypatch):
    monkeypatch.setattr(storage, "LARGEST_INLINE", 3_000_000)
    encoded = io.BytesIO()
    Image.effect_noise((2000, 1700), 90).save(encoded, "PNG")
    photo = encoded.getvalue()
    run = new_run(photo=photo)
    assert isinstance(run.finish(), Done)
    [job] = fal.jobs.values()
    assert job.image == photo
    assert not job.arguments["image_url"].startswith("data:")
    assert fal.storage.requests == {"token": 1, "upload": 1}


def test_a_small_photo_needs_no_storage(fal, new_run, monkeypatch):
    monkeypatch.setattr(storage, "LARGEST_INLINE", len(PHOTO))
    new_run().start()
    assert fal.storage.requests == {}


def test_the_key_buys_a_token_and_only_the_token_goes_with_the_file(fal, new_run):
    new_run().start()
    token, upload = fal.storage.authorizations
    assert token == f"Key {KEY}"
    assert KEY not in upload


def test_the_address_of_the_file_is_in_no_record(fal, new_run):
    waiting = new_run().start()
    [job] = fal.jobs.values()
    assert waiting.request["image_url"] == "asset asset-1"
    assert job.arguments["image_url"] not in str(waiting)


def test_fals_own_client_speaks_to_this_storage(fal, fal_address, monkeypatch):
    monkeypatch.setattr(fal_client.client, "REST_URL", fal_address)
    monkeypatch.setattr(fal_client.client, "CDN_URL", fal_address)
    address = SyncClient(key=KEY).upload(PHOTO, "image/jpeg", "photo.jpg")
    assert fal.storage.files[address.rpartition("/")[2]] == PHOTO


@pytest.mark.parametrize("base_url", [None, "https://queue.fal.run", "https://queue.fal.run/"])
def test_fals_own_storage_is_used_for_fal(base_url):
    account = Account("fal", "fal", base_url, SecretStr(KEY), scope="web")
    assert storage.storage_hosts(account) == ("https://rest.fal.ai", "https://v3.fal.media")


def test_another_address_keeps_its_files_to_itself(fal, new_run):
    account = Account("fal", "fal", "https://fal.example.com/", SecretStr(KEY), scope="web")
    assert storage.storage_hosts(account) == ("https://fal.example.com", "https://fal.example.com")
    fal.storage.base = "http://127.0.0.1:1"
    assert isinstance(new_run().finish(), Done), "what a token's answer names is not asked"


@pytest.mark.parametrize("place", ["token_status", "upload_status"])
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AccountRefused),
        (402, AccountRefused),
        (403, AccountRefused),
        (404, ProviderUnavailable),
        (429, ProviderRateLimited),
        (500, ProviderUnavailable),
        (504, ProviderUnavailable),
    ],
)
def test_a_storage_that_refuses_costs_nothing(fal, new_run, place, status, error):
    setattr(fal.storage, place, status)
    with pytest.raises(error) as caught:
        new_run().start()
    assert type(caught.value) is error
    assert (fal.requests, fal.jobs) == ({}, {})


def test_a_token_that_makes_no_sense_is_not_used(fal, new_run):
    fal.storage.is_malformed = True
    with pytest.raises(ProviderError):
        new_run().start()
    assert fal.storage.requests == {"token": 1}
