import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funmagic.library.names import LONGEST_BYTES, clean_filename, name_output, with_suffix

AWKWARD = st.text(
    st.one_of(st.characters(), st.sampled_from("/\\. \0\r\n\"';:%<>|?*~-\u202e\u200d\u0301क्षि🇩🇪👩🏽‍🚀")), max_size=300
)
HINDI, THAI, FAMILY = "छुट्टियों की तस्वीर", "รูปถ่ายวันหยุดที่ทะเล", "👨‍👩‍👧‍👦"


@settings(deadline=None)
@given(AWKWARD)
def test_a_clean_name_is_short_and_safe_whatever_was_given(name: str) -> None:
    clean = clean_filename(name)
    assert 0 < len(clean.encode()) <= LONGEST_BYTES
    assert not set(clean) & set("/\\\0\r\n\"':;%<>|?*\u202e")
    assert clean.strip(" .")
    assert clean == clean_filename(clean) == unicodedata.normalize("NFC", clean)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("photo.jpg", "photo.jpg"),
        ("my photo (1).jpg", "my photo (1).jpg"),
        ("照片.png", "照片.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\alice\\cat.png", "cat.png"),
        ('x"; filename="y.html', "x__ filename=_y.html"),
        (".bashrc", "bashrc"),
        ("..", "photo"),
        ("", "photo"),
        ("///", "photo"),
        (f"{HINDI}.jpg", f"{HINDI}.jpg"),
        (f"{THAI}.jpg", f"{THAI}.jpg"),
        ("cafe\u0301.jpg", "café.jpg"),
        (f"{FAMILY} & me + you.jpg", f"{FAMILY} & me + you.jpg"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a\u00a0b\tc\u2028.png", "a bc.png"),
        ("what\u037e.png", "what_.png"),
    ],
)
def test_names_keep_what_people_recognise(name: str, clean: str) -> None:
    assert clean_filename(name) == clean


def test_a_long_name_keeps_its_beginning_its_end_and_its_suffix() -> None:
    clean = clean_filename("My holiday " + "x" * 300 + " number 7.jpeg")
    assert clean.startswith("My holiday x")
    assert clean.endswith("x number 7.jpeg")
    assert len(clean.encode()) == LONGEST_BYTES


@pytest.mark.parametrize("whole", [FAMILY, "क्षि", "e\u0323\u0301", "🇩🇪", "👋🏽", "กำ้"])
def test_a_name_is_never_cut_within_what_people_take_for_one_character(whole: str) -> None:
    whole = unicodedata.normalize("NFC", whole)
    for before in range(len(whole.encode())):
        clean = clean_filename("x" * before + whole * 60 + ".png")
        parts = clean.removeprefix("x" * before).removesuffix(".png").split("…")
        assert len(parts) == 2
        assert {part.replace(whole, "") for part in parts} == {""}


@pytest.mark.parametrize(
    ("name", "mime", "suffixed"),
    [
        ("me.JPG", "image/jpeg", "me.JPG"),
        ("me.jpeg", "image/jpeg", "me.jpeg"),
        ("me.png", "image/jpeg", "me.jpg"),
        ("me.tiff", "image/webp", "me.webp"),
        ("me", "image/heic", "me.heic"),
        ("Screenshot 2026.11.29", "image/png", "Screenshot 2026.11.29.png"),
    ],
)
def test_the_suffix_says_what_a_photo_really_is(name: str, mime: str, suffixed: str) -> None:
    assert with_suffix(name, mime) == suffixed


@pytest.mark.parametrize(
    ("source", "output"),
    [
        (None, "figme.glb"),
        ("me.jpg", "me-figme.glb"),
        ("me.v2.jpg", "me.v2-figme.glb"),
        ("me-figme.png", "me-figme.glb"),
        (f"{HINDI}.jpg", f"{HINDI}-figme.glb"),
    ],
)
def test_a_result_is_called_like_what_it_was_made_of(source: str | None, output: str) -> None:
    assert name_output(source, "figme", "glb") == output


def test_the_result_of_a_long_name_says_by_which_tool_it_was_made() -> None:
    name = name_output(clean_filename("My holiday " + "ё" * 200 + " 7.jpg"), "background-remove", "png")
    assert name.startswith("My holiday ё")
    assert name.endswith("ё 7-background-remove.png")
    assert len(name.encode()) <= LONGEST_BYTES
