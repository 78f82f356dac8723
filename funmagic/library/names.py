"""What files are called: as their owners know them, in any script, and safe to show, store and put into a header."""

import unicodedata
from collections.abc import Iterator
from pathlib import PurePath

from funmagic.library.photos.types import SUFFIXES, TYPES_BY_SUFFIX

FALLBACK = "photo"
# In UTF-8: file systems take 255, and downloads of the same name get a number each.
LONGEST_BYTES = 180
GAP = "…"
FORBIDDEN = frozenset("/\\:*?\"'<>|;%")
# What says nothing, or turns what stands around it: control characters, direction marks, halves of characters.
UNSEEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
# They hold parts of a letter or of an emoji together, or apart.
JOINER = "\u200d"
NON_JOINER = "\u200c"
VIRAMA_CLASS = 9
# Letters by their category, marks by what they do: Thai's and Lao's am, Japanese's half-width voicing.
FOLLOWING = "\u0e33\u0eb3\uff9e\uff9f"
LONGEST_CLUSTER = 24
LONGEST_SUFFIX = 16
OTHER_PICTURES = (".bmp", ".tif", ".tiff", ".avif", ".svg", ".ico", ".dng")


def clean_filename(name: str) -> str:
    """The file name of what may be a path, without what nobody sees or no system takes."""
    plain = PurePath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    kept = unicodedata.normalize("NFC", "".join(_clean(character) for character in plain)).strip(" .")
    stem, suffix = _split(kept)
    return _fit(stem, suffix) or FALLBACK


def with_suffix(name: str, mime: str) -> str:
    """The name with a suffix of what the photo really is; one that says so already stays as it is written."""
    stem, suffix = _split(name)
    if TYPES_BY_SUFFIX.get(suffix.lower()) == mime:
        return name
    is_wrong = suffix.lower() in TYPES_BY_SUFFIX or suffix.lower() in OTHER_PICTURES
    return _fit(stem if is_wrong else name, f".{SUFFIXES[mime]}")


def name_output(source: str | None, slug: str, extension: str) -> str:
    """What a tool's result is called: like what it was made of, and by which tool."""
    stem = PurePath(source).stem.removesuffix(f"-{slug}") if source else ""
    return _fit(stem, f"-{slug}.{extension}") if stem else f"{slug}.{extension}"


def _clean(character: str) -> str:
    if character in FORBIDDEN:
        return "_"
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    return "" if category in UNSEEN and character not in (JOINER, NON_JOINER) else character


def _split(name: str) -> tuple[str, str]:
    path = PurePath(name)
    return (path.stem, path.suffix) if len(path.suffix) <= LONGEST_SUFFIX else (name, "")


def _fit(stem: str, ending: str) -> str:
    """The two together, the stem shortened in its middle where it must be: both its ends tell files apart."""
    room = LONGEST_BYTES - len(ending.encode())
    if len(stem.encode()) <= room:
        return stem + ending
    clusters = list(_clusters(stem))
    room -= len(GAP.encode())
    head = _take(clusters, room - room // 3)
    tail = _take(clusters[::-1], room - len("".join(head).encode()))
    return "".join([*head, GAP, *tail[::-1], ending])


def _take(clusters: list[str], room: int) -> list[str]:
    taken: list[str] = []
    for cluster in clusters:
        room -= len(cluster.encode())
        if room < 0:
            break
        taken.append(cluster)
    return taken


def _clusters(text: str) -> Iterator[str]:
    """What people take for one character each: a letter with its marks, a joined emoji, a flag."""
    cluster = ""
    for character in text:
        if cluster and not (_holds(cluster, character) and len(cluster) < LONGEST_CLUSTER):
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


def _holds(cluster: str, character: str) -> bool:
    """Whether a character belongs to those before it."""
    last = cluster[-1]
    is_mark = unicodedata.category(character)[0] == "M" or character in (JOINER, NON_JOINER, *FOLLOWING)
    is_skin = "\U0001f3fb" <= character <= "\U0001f3ff"
    is_joined = last == JOINER or unicodedata.combining(last) == VIRAMA_CLASS
    is_flag = len(cluster) == 1 and _is_regional(last) and _is_regional(character)
    return is_mark or is_skin or is_joined or is_flag


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
