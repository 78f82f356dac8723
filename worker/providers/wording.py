"""What providers say of their refusals, made fit for logs and records."""

import re

DATA_URI = re.compile(r"data:[^\s\"']+")
# Some repeat the key that they refuse, or most of it.
API_KEY = re.compile(r"\b(sk-|AIza)[\w*-]+")
LONGEST_TEXT = 300


def clean_words(words: str, *, secrets: list[str]) -> str:
    """The words on one line, cut short, with no key and no file in them."""
    for secret in secrets:
        words = words.replace(secret, "[key]")
    return " ".join(API_KEY.sub("[key]", DATA_URI.sub("[data]", words)).split())[:LONGEST_TEXT]
