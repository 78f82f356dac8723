"""What an admin may ask of OpenAI's and Gemini's image models, and what is refused with the reason."""

import pytest

from funmagic.providers.registry import PROVIDER_TYPES
from funmagic.providers.types.google import GeminiImageOptions
from funmagic.providers.types.openai import OpenAIImageOptions

NEWEST = "gpt-image-2.6-sunburst"


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (None, {}),
        (None, {"size": "1536x864", "quality": "max", "complexity": "high", "partial_images": 3}),
        (NEWEST, {"size": "3840x2160", "background": "transparent", "output_format": "webp"}),
        (NEWEST, {"size": "2160x3840"}),
        ("gpt-image-2.6-flare", {"size": "auto", "output_format": "jpeg", "output_compression": 0}),
        ("gpt-image-2.5-flare-2026-09-08", {"quality": "xhigh"}),
        ("gpt-image-2", {"size": "1600x800", "quality": "high"}),
        ("gpt-image-1.5", {"size": "1024x1536", "input_fidelity": "high", "background": "transparent"}),
        ("gpt-image-1-mini", {"input_fidelity": "low"}),
        ("somebody-elses-model", {"size": "1024x1024", "quality": "low", "partial_images": 0}),
    ],
)
def test_openai_options_that_a_model_takes_are_kept_as_they_are(model, options):
    assert OpenAIImageOptions.check(model, options) == options


@pytest.mark.parametrize(
    ("model", "options", "reason"),
    [
        (None, {"sise": "auto"}, "sise"),
        (None, {"size": "large"}, "1536x1024"),
        (None, {"size": "1000x1000"}, "divisible by 16"),
        (None, {"size": "2048x512"}, "three times"),
        (None, {"size": "4096x2048"}, "3840x2160"),
        (None, {"size": "2560x2560"}, "3840x2160"),
        (None, {"size": "0x0"}, "1536x1024"),
        (None, {"quality": "hd"}, "quality"),
        (None, {"partial_images": 4}, "partial_images"),
        (None, {"partial_images": -1}, "partial_images"),
        (None, {"output_format": "gif"}, "output_format"),
        (None, {"output_compression": 101, "output_format": "jpeg"}, "output_compression"),
        (None, {"output_compression": 50}, "jpeg or webp"),
        (None, {"output_compression": 50, "output_format": "png"}, "jpeg or webp"),
        (None, {"background": "transparent", "output_format": "jpeg"}, "png or webp"),
        (None, {"input_fidelity": "high"}, "input_fidelity"),
        ("gpt-image-2", {"quality": "max"}, "quality max"),
        ("gpt-image-2.5-flare", {"complexity": "low"}, "complexity"),
        ("gpt-image-1.5", {"size": "1536x864"}, "1024x1024"),
        ("gpt-image-1.5", {"quality": "xhigh"}, "quality xhigh"),
        ("gpt-image-1-mini", {"input_fidelity": "high"}, "input_fidelity"),
        ("somebody-elses-model", {"size": "1536x864"}, "1024x1024"),
        ("somebody-elses-model", {"input_fidelity": "low"}, "input_fidelity"),
    ],
)
def test_openai_options_that_a_model_does_not_take_are_refused(model, options, reason):
    with pytest.raises(ValueError, match=reason):
        OpenAIImageOptions.check(model, options)


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (None, {"aspect_ratio": "3:4", "image_size": "2K"}),
        ("gemini-2.5-flash-image", {"aspect_ratio": "1:1"}),
        ("gemini-of-tomorrow", {"image_size": "4K"}),
    ],
)
def test_gemini_options_that_a_model_takes_are_kept_as_they_are(model, options):
    assert GeminiImageOptions.check(model, options) == options


@pytest.mark.parametrize(
    ("model", "options", "reason"),
    [
        (None, {"aspect_ratio": "7:3"}, "aspect_ratio"),
        (None, {"image_size": "512"}, "image_size"),
        (None, {"quality": "high"}, "quality"),
        ("gemini-2.5-flash-image", {"image_size": "1K"}, "leave it out"),
    ],
)
def test_gemini_options_that_a_model_does_not_take_are_refused(model, options, reason):
    with pytest.raises(ValueError, match=reason):
        GeminiImageOptions.check(model, options)


@pytest.mark.parametrize("name", ["openai", "google"])
def test_steps_that_hold_a_connection_have_workers_of_their_own(name):
    assert PROVIDER_TYPES[name].queue == "ai-streaming"
