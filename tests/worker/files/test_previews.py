"""What people see of an image before it is done."""

import base64
import io
import os

from PIL import Image

from funmagic.tasks.events import EventType
from tests.factories import photo_bytes, submit
from tests.worker.engine import DONE, events_of
from worker.files.previews import LONGEST_SIDE, shrink_preview
from worker.runs.run import run_task

LARGEST_EVENT = 64_000


def decode(address):
    head, _, data = address.partition(",")
    assert head == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_preview_travels_small_and_keeps_its_shape():
    noise = Image.frombytes("RGB", (1536, 1024), os.urandom(1536 * 1024 * 3))
    encoded = io.BytesIO()
    noise.save(encoded, "PNG")
    address = shrink_preview(encoded.getvalue())
    assert len(address) < 4 * LARGEST_EVENT
    assert decode(address).size == (LONGEST_SIDE, 341)


def test_an_ordinary_photo_fits_into_an_event():
    assert len(shrink_preview(photo_bytes(2000, 1500))) < LARGEST_EVENT


def test_transparency_stays():
    encoded = io.BytesIO()
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(encoded, "PNG")
    assert decode(shrink_preview(encoded.getvalue())).mode == "RGBA"


def test_what_is_no_picture_is_left_out():
    assert shrink_preview(b"<html>") is None


def test_watchers_are_shown_what_there_is_so_far(alice, provider):
    def work(report):
        report(0.5, preview=photo_bytes(1024, 1024))
        report(0.6, preview=b"broken")
        return DONE

    provider.answers(work)
    task = submit(alice)
    run_task(task.id)
    [shown] = [event for event in events_of(task.id) if event["type"] == EventType.PARTIAL_RESULT]
    assert (shown["stepId"], decode(shown["data"]["image"]).size) == ("remove", (512, 512))
