"""How long browsers keep an answer: hashed files for ever, pictures a day, pages while unchanged, all else never."""

import re
from http import HTTPStatus

HASHED_ASSET = re.compile(r"/assets/.+-[\w-]{8}\.\w+")
FOR_EVER = b"public, max-age=31536000, immutable"
# No hash in their names: a new one shows within a day.
PICTURE = re.compile(r"/(ui|showcase|samples|styles|api/docs/files)/.+|/favicon\.ico|/robots\.txt")
A_DAY = b"public, max-age=86400"
ASK_AGAIN = b"no-cache"
NEVER = b"no-store"
THERE = (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED)


def how_long_to_keep(path: str, status: int, *, is_page: bool) -> bytes:
    """The Cache-Control of an answer that has none of its own."""
    if status in THERE and HASHED_ASSET.fullmatch(path):
        return FOR_EVER
    if status in THERE and PICTURE.fullmatch(path):
        return A_DAY
    return ASK_AGAIN if is_page else NEVER
