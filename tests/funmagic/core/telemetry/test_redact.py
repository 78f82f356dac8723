"""Secrets are found whatever shape their names and values come in, and looking for them takes no time."""

import re

import pytest

from funmagic.core.telemetry.redact import LOOKED_AT, PATTERNS, hide_secrets
from tests.funmagic.core.telemetry.hostile import BUSY_S, CLASSES, busy_s, repeated

SECRET = "s3cr3t-0123456789abcdef"
NAMES = ["password", "newPassword", "PASSWORD", "reset_token", "api_key", "apiKey", "client-secret", "fm_session"]
SHAPES = [
    "{'NAME': 'VALUE', 'x': 1}",
    "{b'NAME': b'VALUE'}",
    '{"NAME": "VALUE"}',
    '{"NAME":"VALUE"}',
    r"{\"NAME\": \"VALUE\"}",
    r"{\\\"NAME\\\": \\\"VALUE\\\"}",
    r'{"NAME": "a\"b VALUE"}',
    r'{"x": "a\\", "NAME": "VALUE"}',
    r"{\u0022NAME\u0022: \u0022VALUE\u0022}",
    "{&quot;NAME&quot;:&quot;VALUE&quot;}",
    "%22NAME%22%3A%22VALUE%22",
    "NAME%3DVALUE%26x",
    "x=1&NAME=VALUE&y=2",
    "NAME=VALUE",
    "NAME = VALUE",
    "NAME\t=\tVALUE",
    "NAME: VALUE",
    "NAME: 'VALUE'",
    "NAME: two words, VALUE",
    "NAME:\n  VALUE",
    "NAME := VALUE",
    "NAME => VALUE",
    "NAME -> 'VALUE'",
    "NAME == 'VALUE'",
    "sign_in(email='a', NAME='VALUE')",
    "sign_in(email='a', NAME='''VALUE''')",
    "check_NAME(value='VALUE')",
    "the NAME 'VALUE' is wrong",
    "user[NAME]=VALUE",
    "NAME[0]=VALUE",
    "NAME.value=VALUE",
    "headers['NAME'] = 'VALUE'",
    "[('NAME', 'VALUE')]",
    "[(b'NAME', b'VALUE')]",
    '["NAME", "VALUE"]',
    "Field(name='NAME', value='VALUE')",
    '{"name": "NAME", "value": "VALUE"}',
    '<input name="NAME" value="VALUE">',
    "<NAME>VALUE</NAME>",
    "{'NAME': ['VALUE']}",
    "{'NAME': {'a': {'b': 1}, 'c': 'VALUE'}}",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_named_like_a_secret_is_hidden_in_any_shape(shape: str, name: str) -> None:
    assert SECRET not in hide_secrets(f"before {shape.replace('NAME', name).replace('VALUE', SECRET)} after")


@pytest.mark.parametrize(
    "text",
    [
        f"Cookie: theme=dark; fm_session={SECRET}; other=1",
        f"Authorization=Digest a=1, b={SECRET}",
        f"Event(name='x', router_data={{'query': {{'q': '{SECRET}'}}}}, payload={{}})",
        f"Event(name='x', payload={{'value': '{SECRET}'}})",
        f"Received event data as a string. Event data: {SECRET}",
        f"Error transforming event argument 'v' with value '{{'a': '{SECRET}'}}' and type hint 'x'",
        f"1 validation error\npassword\n  too short [type=short, input_value='{SECRET}', input_type=str]",
        f"GET /reset-password?{SECRET} HTTP/1.1",
        f"https://{SECRET}@code.example/x",
        f"redis://:p@ss{SECRET}@redis:6379/0",
        f"DETAIL:  Failing row contains (1, alice, {SECRET}).",
        f"DETAIL:  Key (email)=({SECRET}) already exists.",
        f"unnamed portal parameter $1 = '{SECRET}'",
        f"the token eyJhbGciOiJIUzI1NiJ9.{SECRET}.{SECRET}",
    ],
)
def test_what_needs_no_name_of_its_own_is_hidden(text: str) -> None:
    assert SECRET not in hide_secrets(text)


@pytest.mark.parametrize("opening", ["password='", "postgresql://funmagic:", "/x?signature=", "Bearer ", "sk-"])
@pytest.mark.parametrize("shrinking", ["", "/r?" + "z" * 990 + " "])
@pytest.mark.parametrize("cut_at", range(LOOKED_AT - 60, LOOKED_AT, 7))
def test_half_a_secret_is_not_left_over_where_a_text_is_cut(cut_at: int, shrinking: str, opening: str) -> None:
    before = f"{shrinking * 3}{'y ' * LOOKED_AT}"[: cut_at - len(opening) - 20] + " "
    shown = hide_secrets(f"{before}{opening}{SECRET}{SECRET}@host and more")
    assert SECRET[:8] not in shown
    assert len(shown) <= LOOKED_AT


def test_a_megabyte_of_anything_is_looked_at_in_no_time() -> None:
    for unit in CLASSES:
        text = repeated(unit)
        assert busy_s(lambda: hide_secrets(text)) <= BUSY_S, unit  # noqa: B023 - called at once


@pytest.mark.parametrize(("pattern", "replacement"), PATTERNS)
def test_no_pattern_takes_longer_for_each_character_the_more_there_are(
    pattern: re.Pattern[str], replacement: str
) -> None:
    # A microsecond for each; where time grows with the square it takes minutes.
    for unit in CLASSES:
        text = repeated(unit, 100_000)
        assert busy_s(lambda: pattern.sub(replacement, text), 0.1) <= 0.1, unit  # noqa: B023 - called at once
