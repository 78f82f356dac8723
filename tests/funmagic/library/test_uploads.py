from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import select

from funmagic.core.db import reading, transaction
from funmagic.core.storage.current import get_storage
from funmagic.core.storage.protocol import PRIVATE_BUCKET
from funmagic.library.uploads import sweep_unused_uploads
from funmagic.models.assets import Asset
from funmagic.models.base import utcnow
from funmagic.models.tasks import TaskStep
from funmagic.sessions.viewer import Viewer
from funmagic.site.runner.run_view import look_at_run
from tests import factories
from tests.factories import photo_bytes
from tests.funmagic.library import samples
from tests.funmagic.library.photos import kinds
from tests.funmagic.library.photos.faulty import DAMAGED
from worker.providers.base import InvalidWork
from worker.runs.subject import load_subject, read_work

MEGABYTE = 1024 * 1024


def request_upload(client: TestClient, **changes: Any) -> Response:
    body = {"filename": "photo.png", "contentType": "image/png", "size": 1000}
    return client.post("/api/upload", json=body | changes)


def upload(client: TestClient, data: bytes, **changes: Any) -> str:
    """Send a file the way a browser does; returns the asset's id."""
    place = request_upload(client, size=len(data), **changes).json()
    sent = client.request(place["method"], place["url"], content=data, headers=place["headers"])
    assert sent.status_code == 200
    return str(place["assetId"])


def run(client: TestClient, asset_id: str) -> Response:
    return client.post("/api/tasks", json={"toolSlug": "background-remove", "input": {"assetId": asset_id}})


def error_of(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def load(asset_id: str) -> Asset:
    with reading() as session:
        return session.get_one(Asset, asset_id)


def test_a_place_for_a_photo_comes_with_everything_to_fill_it(alice: Viewer, alice_client: TestClient) -> None:
    answer = request_upload(alice_client)
    assert answer.status_code == 201
    place = answer.json()
    assert set(place) == {"assetId", "storageKey", "method", "url", "headers", "expiresAt"}
    assert (place["method"], place["headers"]) == ("PUT", {"Content-Type": "image/png"})
    assert place["storageKey"] == f"uploads/{alice.id}/{place['assetId']}"
    lifetime = datetime.fromisoformat(place["expiresAt"]) - utcnow()
    assert timedelta(minutes=14) < lifetime <= timedelta(minutes=15)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"size": 20 * MEGABYTE + 1}, 413, "FILE_TOO_LARGE"),
        ({"size": 10**30}, 413, "FILE_TOO_LARGE"),
        ({"contentType": "image/svg+xml"}, 415, "UNSUPPORTED_FILE"),
        ({"contentType": "application/pdf"}, 415, "UNSUPPORTED_FILE"),
        ({"contentType": "text/html"}, 415, "UNSUPPORTED_FILE"),
        ({"contentType": "IMAGE/PNG; x=1"}, 415, "UNSUPPORTED_FILE"),
        ({"contentType": "", "filename": "photo"}, 415, "UNSUPPORTED_FILE"),
        ({"contentType": "image/avif"}, 415, "UNSUPPORTED_FILE"),
        ({"size": 0}, 422, "VALIDATION_ERROR"),
        ({"size": -1}, 422, "VALIDATION_ERROR"),
        ({"size": 1.5}, 422, "VALIDATION_ERROR"),
        ({"filename": ""}, 422, "VALIDATION_ERROR"),
        ({"filename": "x" * 256}, 422, "VALIDATION_ERROR"),
        ({"purpose": "system"}, 422, "VALIDATION_ERROR"),
        ({"bucket": "public"}, 422, "VALIDATION_ERROR"),
        ({"storageKey": "../x"}, 422, "VALIDATION_ERROR"),
    ],
)
def test_what_will_not_be_accepted_is_said_before_the_upload(
    alice_client: TestClient, changes: dict[str, Any], status: int, code: str
) -> None:
    assert error_of(request_upload(alice_client, **changes)) == (status, code)
    with reading() as session:
        assert session.exec(select(Asset)).all() == []


def test_twenty_megabytes_are_fine(alice_client: TestClient) -> None:
    assert request_upload(alice_client, size=20 * MEGABYTE).status_code == 201


def test_a_photo_runs_and_is_remembered_as_what_it_is(alice_client: TestClient) -> None:
    asset_id = upload(alice_client, photo_bytes(format="PNG"), filename="../my cat.png")
    assert load(asset_id).verified_at is None
    assert run(alice_client, asset_id).status_code == 201
    asset = load(asset_id)
    assert (asset.mime, asset.width, asset.height, asset.filename) == ("image/png", 96, 72, "my cat.png")
    assert asset.verified_at is not None
    assert asset.used_at is not None
    assert len(asset.sha256 or "") == 64


def test_a_file_that_lies_about_its_type_is_recorded_as_its_real_type(alice_client: TestClient) -> None:
    asset_id = upload(alice_client, photo_bytes(format="JPEG"), contentType="image/png")
    assert run(alice_client, asset_id).status_code == 201
    assert load(asset_id).mime == "image/jpeg"


def test_a_photo_lying_on_its_side_is_recorded_upright(alice_client: TestClient) -> None:
    asset_id = upload(alice_client, samples.turned_photo(6), contentType="image/jpeg")
    assert run(alice_client, asset_id).status_code == 201
    assert (load(asset_id).width, load(asset_id).height) == (72, 96)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (samples.PDF, 415, "UNSUPPORTED_FILE"),
        (samples.SVG, 415, "UNSUPPORTED_FILE"),
        (samples.HTML, 415, "UNSUPPORTED_FILE"),
        (samples.TRUNCATED_PNG, 415, "DAMAGED_FILE"),
        (samples.plain_png(30_000, 30_000), 413, "IMAGE_TOO_LARGE"),
    ],
    ids=["pdf", "svg", "html", "truncated", "enormous"],
)
def test_what_is_no_usable_image_runs_nothing_and_costs_nothing(
    alice: Viewer, alice_client: TestClient, data: bytes, status: int, code: str
) -> None:
    asset_id = upload(alice_client, data)
    assert error_of(run(alice_client, asset_id)) == (status, code)
    assert load(asset_id).verified_at is None
    assert alice_client.get("/api/tasks").json()["tasks"] == []
    assert factories.balance_of(alice).available == 100


@pytest.mark.parametrize(
    ("named", "filename", "signed"),
    [
        ("image/jpg", "me.jpg", "image/jpeg"),
        ("image/pjpeg", "me.jpg", "image/jpeg"),
        ("IMAGE/PNG", "me.png", "image/png"),
        ("", "me.HEIC", "image/heic"),
        ("application/octet-stream", "me.jpeg", "image/jpeg"),
        ("image/heif", "me.heif", "image/heic"),
    ],
)
def test_what_a_type_is_called_elsewhere_is_signed_as_what_it_is(
    alice_client: TestClient, named: str, filename: str, signed: str
) -> None:
    place = request_upload(alice_client, contentType=named, filename=filename).json()
    assert place["headers"] == {"Content-Type": signed}


@pytest.mark.parametrize(("width", "height"), [(63, 400), (400, 63), (1, 1)])
def test_a_photo_that_is_too_small_costs_nothing(
    alice: Viewer, alice_client: TestClient, width: int, height: int
) -> None:
    answer = run(alice_client, upload(alice_client, photo_bytes(width, height, "PNG")))
    assert error_of(answer) == (400, "PHOTO_TOO_SMALL")
    sentence = "This photo is too small. Please choose one of at least 64 × 64 pixels."
    assert answer.json()["error"]["message"] == sentence
    assert factories.balance_of(alice).available == 100


def test_sixty_four_pixels_a_side_are_enough(alice_client: TestClient) -> None:
    assert run(alice_client, upload(alice_client, photo_bytes(64, 64, "PNG"))).status_code == 201


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_photo_costs_nothing(alice: Viewer, alice_client: TestClient, kind: str) -> None:
    answer = run(alice_client, upload(alice_client, DAMAGED[kind]))
    assert error_of(answer) == (415, "DAMAGED_FILE")
    assert answer.json()["error"]["message"] == "This file is damaged. Please choose another photo."
    assert factories.balance_of(alice).available == 100


def test_a_photo_that_browsers_cannot_show_comes_with_a_picture_of_it(alice: Viewer, alice_client: TestClient) -> None:
    asset_id = upload(alice_client, kinds.heic(), contentType="image/heic", filename="IMG_1.HEIC")
    assert run(alice_client, asset_id).status_code == 201
    asset = alice_client.get(f"/api/assets/{asset_id}").json()["asset"]
    assert (asset["mime"], asset["filename"]) == ("image/heic", "IMG_1.HEIC")
    shown = alice_client.get(asset["previewUrl"])
    assert shown.headers["content-type"] == "image/webp"
    task = alice_client.get("/api/tasks").json()["tasks"][0]
    with reading() as session:
        source = look_at_run(session, alice, task["id"]).source_url
    assert "preview.webp" in source


def test_a_photo_that_browsers_show_as_we_see_it_needs_no_picture_of_it(alice_client: TestClient) -> None:
    asset_id = upload(alice_client, photo_bytes())
    assert run(alice_client, asset_id).status_code == 201
    assert load(asset_id).preview_key is None


def test_a_photo_is_named_after_what_it_really_is(alice_client: TestClient) -> None:
    asset_id = upload(alice_client, photo_bytes(), filename="cafe\u0301 छुट्टियों.png")
    assert run(alice_client, asset_id).status_code == 201
    assert load(asset_id).filename == "café छुट्टियों.jpg"


def test_a_camera_photo_with_a_second_picture_in_it_runs(alice_client: TestClient) -> None:
    asset_id = upload(alice_client, samples.frames(2, "MPO"), contentType="image/jpeg")
    assert run(alice_client, asset_id).status_code == 201


def test_a_photo_that_never_arrived_is_named(alice: Viewer, alice_client: TestClient) -> None:
    asset_id = str(request_upload(alice_client).json()["assetId"])
    assert error_of(run(alice_client, asset_id)) == (400, "UPLOAD_MISSING")
    assert factories.balance_of(alice).reserved == 0


def test_a_stored_file_of_another_length_is_not_used(alice: Viewer, alice_client: TestClient) -> None:
    asset_id = upload(alice_client, photo_bytes(format="PNG"))
    get_storage().put(PRIVATE_BUCKET, load(asset_id).storage_key, photo_bytes(format="GIF"), mime="image/png")
    assert error_of(run(alice_client, asset_id)) == (400, "UPLOAD_MISSING")


def test_a_file_that_was_swapped_after_it_was_looked_at_is_not_worked_on(alice_client: TestClient) -> None:
    photo = photo_bytes(format="PNG")
    place = request_upload(alice_client, size=len(photo)).json()
    alice_client.put(place["url"], content=photo, headers=place["headers"])
    task = run(alice_client, place["assetId"]).json()["task"]
    alice_client.put(place["url"], content=samples.HTML.ljust(len(photo)), headers=place["headers"])
    try:
        work = read_work(load_subject(load_step(task["id"])))
    except InvalidWork:
        return
    assert work.files["assetId"].data == photo


def load_step(task_id: str) -> TaskStep:
    with reading() as session:
        return session.exec(select(TaskStep).where(TaskStep.task_id == task_id)).one()


def test_uploads_that_nothing_used_within_a_day_are_swept(alice: Viewer, alice_client: TestClient) -> None:
    used, unused, fresh = (upload(alice_client, photo_bytes(format="PNG")) for _ in range(3))
    run(alice_client, used)
    keys = {asset_id: load(asset_id).storage_key for asset_id in (used, unused, fresh)}
    with transaction() as session:
        for asset_id in (used, unused):
            session.get_one(Asset, asset_id).created_at = utcnow() - timedelta(hours=25)
    with transaction() as session:
        assert sweep_unused_uploads(session) == 1
    assert get_storage().head(PRIVATE_BUCKET, keys[unused]) is None
    assert get_storage().head(PRIVATE_BUCKET, keys[used]) is not None
    assert get_storage().head(PRIVATE_BUCKET, keys[fresh]) is not None
