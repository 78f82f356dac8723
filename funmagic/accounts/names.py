"""People's names: what can be read, in one form."""

import unicodedata

from funmagic.accounts.errors import NameRefused

LONGEST_NAME = 100
# Control characters, what nobody sees or turns the direction of reading, halves of characters, ends of lines.
REFUSED_CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
# Invisible as well, but some scripts and pictures are joined by them.
JOINERS = ("\u200c", "\u200d")
# Letters by definition, and blank: fillers of Korean syllables, and a Braille cell without dots.
BLANKS = {"\u115f", "\u1160", "\u3164", "\uffa0", "\u2800"}
VISIBLE = ("L", "N", "P", "S")


def read_name(text: str) -> str:
    """The name in NFC, without blanks around it or doubled ones in it; raises NameRefused."""
    text = text.strip()
    if any(_is_refused(character) for character in text):
        raise NameRefused(field="name", most=LONGEST_NAME)
    name = _tidy(text)
    if not _is_readable(name) or len(name) > LONGEST_NAME:
        raise NameRefused(field="name", most=LONGEST_NAME)
    return name


def clean_name(text: str, *, otherwise: str) -> str:
    """What can be read of a name that somebody else gave; `otherwise`, where that is nothing."""
    words = "".join(" " if character.isspace() else character for character in text)
    name = _tidy("".join(character for character in words if not _is_refused(character)))[:LONGEST_NAME].strip()
    return name if _is_readable(name) else otherwise


def _tidy(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _is_refused(character: str) -> bool:
    return unicodedata.category(character) in REFUSED_CATEGORIES and character not in JOINERS


def _is_readable(name: str) -> bool:
    return any(unicodedata.category(character)[0] in VISIBLE and character not in BLANKS for character in name)
