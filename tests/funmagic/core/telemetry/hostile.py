"""What a client may write to do harm by its mere shape, and how long our process is busy with it."""

import time
from collections.abc import Callable

MEGABYTE = 1_000_000
BUSY_S = 0.05

# Repeated, each is a class of characters, or the beginning of something that a pattern of ours looks for.
CLASSES = [
    *"/a0 \n\t?=@\"'\\[{(_.-%é\u2028\u202e\x00\x9b😀",
    *["\x1b[0m", "\\\\", '\\"', "b'", "??a", "a?", "?a ", "://", "://a:b", "http://a?", "--password", "%3D%22"],
    *["password", "password ", "password='", 'password="\\', "pass", "api_key-", "tokentoken-", "token.", "token: "],
    *[
        "token=",
        "token=[",
        "token->",
        "token'",
        "token' value",
        "token' , ",
        "token','",
        "token\t",
        "token[a",
        "token(",
        "token()",
    ],
    *['token\\\\"', "token&quot;", "csrf\\u0022", "cookie:", "cookie ", "payload ", "event data", "with value "],
    *[
        "[parameters: ",
        "Key (",
        "Key (a",
        "Failing row contains ",
        "parameter $1",
        "Bearer ",
        "Bearer a",
        "sk_",
        "sk-a",
    ],
    *["eyJ", "eyJaaaaaaaaaaaa.", "TypeError: can't access property \", "],
]


def repeated(unit: str, length: int = MEGABYTE) -> str:
    return (unit * (length // len(unit) + 1))[:length]


def busy_s(action: Callable[[], object], enough: float = BUSY_S) -> float:
    """The processor's seconds in this thread: the best of five,
    for caches and others' work are not what is measured."""
    best = float("inf")
    for _ in range(5):
        began = time.thread_time()
        action()
        best = min(best, time.thread_time() - began)
        if best <= enough:
            break
    return best
