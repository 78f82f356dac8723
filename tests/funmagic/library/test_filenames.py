import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funmagic.library.uploads import clean_filename

AWKWARD = st.text(st.one_of(st.characters(), st.sampled_from("/\\. \0\r\n\"';:%<>|?*~-")), max_size=300)


@settings(deadline=None)
@given(AWKWARD)
def test_a_clean_name_is_short_and_safe_whatever_was_given(name: str) -> None:
    clean = clean_filename(name)
    assert 0 < len(clean) <= 120
    assert not set(clean) & set("/\\\0\r\n\"':;%<>|?*")
    assert clean.strip(" .")
    assert clean == clean_filename(clean)
    clean.encode()


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("photo.jpg", "photo.jpg"),
        ("my photo (1).jpg", "my photo (1).jpg"),
        ("照片.png", "照片.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\alice\\cat.png", "cat.png"),
        ('x"; filename="y.html', "x__ filename__y.html"),
        (".bashrc", "bashrc"),
        ("..", "photo"),
        ("", "photo"),
        ("///", "photo"),
        ("x" * 200 + ".png", "x" * 116 + ".png"),
    ],
)
def test_names_keep_what_people_recognise(name: str, clean: str) -> None:
    assert clean_filename(name) == clean
