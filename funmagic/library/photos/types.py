"""The types of photo that we take, and what else they are called."""

from pathlib import PurePath

PNG = "image/png"
JPEG = "image/jpeg"
WEBP = "image/webp"
GIF = "image/gif"
HEIC = "image/heic"
ACCEPTED = (PNG, JPEG, WEBP, GIF, HEIC)
# What a browser is to offer: many systems know no type of HEIC, but its suffix.
CHOOSABLE = (*ACCEPTED, ".heic", ".heif")
# The suffix of a file of each type.
SUFFIXES = {PNG: "png", JPEG: "jpg", WEBP: "webp", GIF: "gif", HEIC: "heic"}
TYPES_BY_SUFFIX = {f".{suffix}": mime for mime, suffix in SUFFIXES.items()}
TYPES_BY_SUFFIX |= {".jpeg": JPEG, ".jpe": JPEG, ".jfif": JPEG, ".apng": PNG, ".heif": HEIC, ".hif": HEIC}
# What browsers and programs send for one of them; the bytes say which one it really is.
ALIASES = {
    **dict.fromkeys(("image/jpg", "image/pjpeg", "image/jfif", "image/pipeg", "image/mpo"), JPEG),
    **dict.fromkeys(("image/x-png", "image/apng", "image/vnd.mozilla.apng"), PNG),
    **dict.fromkeys(("image/heif", "image/heic-sequence", "image/heif-sequence"), HEIC),
    "image/x-webp": WEBP,
}
# An unknown type is one that somebody's system has no name for, such as HEIC on many.
UNNAMED = ("", "application/octet-stream", "binary/octet-stream")


def type_for(named: str, filename: str) -> str | None:
    """The type under which a file is uploaded that is named so; None for one that we do not take."""
    plain = named.strip().lower()
    if plain in UNNAMED:
        suffix = PurePath(filename).suffix.lower()
        return TYPES_BY_SUFFIX.get(suffix)
    plain = ALIASES.get(plain, plain)
    return plain if plain in ACCEPTED else None
