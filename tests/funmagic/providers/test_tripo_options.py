"""What may be set of Tripo's models, and what contradicts itself."""

import pytest

from funmagic.providers.types.tripo import ModelOptions

V31, V25, P1 = "v3.1-20260211", "v2.5-20250123", "P1-20260311"


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (None, {}),
        (None, {"geometry_quality": "detailed", "texture_quality": "extreme"}),
        (V31, {"texture": True, "pbr": False, "texture_alignment": "geometry", "texture_seed": 0}),
        (V31, {"texture": False, "pbr": False}),
        (V25, {"texture_quality": "detailed", "face_limit": 500_000, "orientation": "align_image"}),
        (V31, {"smart_low_poly": True, "face_limit": 5000}),
        (P1, {"face_limit": 20_000, "texture_quality": "extreme"}),
        ("v9.9-20300101", {"face_limit": 100, "auto_size": True, "model_seed": 7, "export_uv": False}),
    ],
)
def test_what_a_model_takes_is_kept_as_it_was_given(model, options):
    assert ModelOptions.check(model, options) == options


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (V31, {"quad": True}),
        (V31, {"compress": "geometry"}),
        (V31, {"generate_parts": True}),
        (V31, {"input": "https://example.com/x.png"}),
        (V31, {"texture": False}),
        (V31, {"texture": False, "pbr": True}),
        (V31, {"texture": False, "pbr": False, "texture_quality": "detailed"}),
        (V31, {"texture": False, "pbr": False, "orientation": "align_image"}),
        (V31, {"texture_quality": "best"}),
        (V31, {"face_limit": 0}),
        (V31, {"face_limit": 10_000_000}),
        (V31, {"model_seed": -1}),
        (V31, {"smart_low_poly": True, "face_limit": 50_000}),
        (V25, {"geometry_quality": "detailed"}),
        (V25, {"texture_quality": "extreme"}),
        (P1, {"geometry_quality": "detailed"}),
        (P1, {"smart_low_poly": True}),
        (P1, {"face_limit": 20_001}),
    ],
)
def test_what_a_model_does_not_take_is_refused(model, options):
    with pytest.raises(ValueError):  # noqa: PT011 - pydantic's own errors are such, too
        ModelOptions.check(model, options)
