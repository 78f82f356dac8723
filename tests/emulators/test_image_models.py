"""The emulated OpenAI and Gemini, as their own clients meet them, and as processes steered over HTTP."""

import base64
import io
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from google import genai
from google.genai import types
from openai import APIError, BadRequestError, OpenAI
from PIL import Image

from tests.emulators.gemini import GeminiEmulator
from tests.emulators.openai import OpenAIEmulator
from tests.emulators.server import serving
from tests.factories import photo_bytes, wait_until
from tests.ports import answers, free_port
from tests.servers import PROJECT

PHOTO = ("photo.jpg", photo_bytes(), "image/jpeg")
PAINT = {"type": "image_generation", "size": "256x256", "partial_images": 2}
ASKED = [
    {
        "role": "user",
        "content": [
            {"type": "input_text", "text": "as a figure"},
            {"type": "input_image", "image_url": f"data:image/jpeg;base64,{base64.b64encode(PHOTO[1]).decode()}"},
        ],
    }
]


@pytest.fixture(scope="module")
def openai_at() -> Iterator[tuple[OpenAIEmulator, OpenAI]]:
    emulator = OpenAIEmulator()
    with serving(emulator.app, free_port()) as address:
        yield emulator, OpenAI(api_key="k", base_url=f"{address}/v1", max_retries=0)


@pytest.fixture
def openai(openai_at: tuple[OpenAIEmulator, OpenAI]) -> OpenAIEmulator:
    openai_at[0].reset()
    return openai_at[0]


@pytest.fixture
def client(openai: OpenAIEmulator, openai_at: tuple[OpenAIEmulator, OpenAI]) -> OpenAI:
    return openai_at[1]


@pytest.fixture(scope="module")
def gemini() -> Iterator[genai.Client]:
    emulator = GeminiEmulator()
    with serving(emulator.app, free_port()) as address:
        yield genai.Client(api_key="k", http_options=types.HttpOptions(base_url=address, timeout=30_000))


def size_of(encoded: str) -> tuple[int, int]:
    return Image.open(io.BytesIO(base64.b64decode(encoded))).size


def test_a_picture_comes_whole_without_a_stream(openai, client):
    answer = client.images.edit(image=PHOTO, prompt="as a figure", size="512x256")
    assert size_of(answer.data[0].b64_json) == (512, 256)
    assert (answer.usage.total_tokens, openai.jobs[0].images[0][2]) == (1406, PHOTO[1])


@pytest.mark.parametrize(
    "values",
    [
        {"image": io.BytesIO(PHOTO[1])},
        {"image": ("photo.png", PHOTO[1], "image/jpeg")},
        {"image": ("photo.gif", PHOTO[1], "image/gif")},
        {"image": PHOTO, "extra_body": {"style": "vivid"}},
    ],
)
def test_a_form_that_the_real_one_would_not_take_is_refused(openai, client, values):
    with pytest.raises(BadRequestError):
        client.images.edit(prompt="as a figure", **values)
    assert openai.jobs == []


def test_a_response_with_a_picture_streams_its_events_in_order(openai, client):
    with client.responses.stream(model="gpt-5.5", input=ASKED, tools=[PAINT]) as stream:
        events = list(stream)
        final = stream.get_final_response()
    kinds = [event.type for event in events]
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert kinds.count("response.image_generation_call.partial_image") == 2
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert size_of(final.output[0].result) == (256, 256)
    assert (final.output_text, len(openai.jobs)) == ("Here it is.", 1)


def test_a_response_may_come_whole_and_be_gone_on_from(openai, client):
    first = client.responses.create(model="gpt-5.5", input=ASKED, tools=[PAINT])
    second = client.responses.create(
        model="gpt-5.5", input=ASKED, tools=[PAINT], previous_response_id=first.id, tool_choice={"type": PAINT["type"]}
    )
    assert size_of(first.output[0].result) == (256, 256)
    assert second.previous_response_id == first.id


def test_a_response_that_fails_says_so_in_an_event_and_raises_nothing(openai, client):
    openai.script("response-failed", code="rate_limit_exceeded")
    *_, last = client.responses.create(model="gpt-5.5", input=ASKED, tools=[PAINT], stream=True)
    assert (last.type, last.response.error.code) == ("response.failed", "rate_limit_exceeded")


def test_an_error_in_a_stream_of_pictures_is_raised(openai, client):
    openai.script("stream-error")
    with pytest.raises(APIError):
        list(client.images.edit(image=PHOTO, prompt="as a figure", size="256x256", stream=True))


def test_a_conversation_with_gemini_hands_the_thought_signatures_back(gemini):
    config = types.GenerateContentConfig(response_modalities=["TEXT", "IMAGE"])
    chat = gemini.chats.create(model="gemini-nano-banana-2.1", config=config)
    photo = types.Part.from_bytes(data=PHOTO[1], mime_type="image/jpeg")
    chat.send_message([photo, "as a figure"])
    answer = chat.send_message("and now in blue")
    assert answer.parts[1].inline_data.mime_type == "image/png"
    assert chat.get_history()[1].parts[1].thought_signature


def test_gemini_streams_words_first_and_then_the_picture(gemini):
    photo = types.Part.from_bytes(data=PHOTO[1], mime_type="image/jpeg")
    config = types.GenerateContentConfig(
        response_modalities=["TEXT", "IMAGE"], image_config=types.ImageConfig(aspect_ratio="3:2")
    )
    stream = gemini.models.generate_content_stream(
        model="gemini-nano-banana-2.1", contents=[photo, "as a figure"], config=config
    )
    *_, last = stream
    assert Image.open(io.BytesIO(last.parts[1].inline_data.data)).size == (1024, 682)


@pytest.mark.parametrize(
    ("module", "path", "headers"),
    [
        ("openai", "/v1/models", {"Authorization": "Bearer k"}),
        ("gemini", "/v1/models", {"x-goog-api-key": "k"}),
    ],
)
def test_an_emulator_is_a_process_too_and_takes_scripted_faults(module, path, headers):
    port = free_port()
    command = [sys.executable, "-m", f"tests.emulators.{module}", "--port", str(port), "--key", "k"]
    process = subprocess.Popen(command, cwd=PROJECT)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(f"{address}/_jobs"), of=process)
        httpx.post(f"{address}/_script", json={"faults": [{"name": "rate-limited", "retryAfter": "3"}]})
        given = [httpx.get(address + path, headers=headers) for _ in range(2)]
        assert [(answer.status_code, answer.headers.get("Retry-After")) for answer in given] == [
            (429, "3"),
            (200, None),
        ]
        assert httpx.get(address + path).status_code in (400, 401)
        assert httpx.get(f"{address}/_jobs").json()["requests"] == {"models": 3}
    finally:
        process.terminate()
        process.wait()
