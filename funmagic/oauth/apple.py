"""What only Apple does: a secret that is signed anew each time, and a name that is told once."""

import json
import time
from typing import Any

from funmagic.core.settings import get_settings

ALGORITHM = "ES256"
SECRET_LIFETIME_S = 300


def make_client_secret() -> str:
    """The secret that says who we are: a token signed with the configured key, good for some minutes."""
    from joserfc import jwt  # noqa: PLC0415 - here and in this room: heavy, and of use only to who comes this way
    from joserfc.jwk import ECKey  # noqa: PLC0415

    settings = get_settings()
    # Where a variable cannot hold several lines, their ends are written as \n.
    key = ECKey.import_key(settings.apple_private_key.get_secret_value().replace("\\n", "\n"))
    now = int(time.time())
    claims = {
        "iss": settings.apple_team_id,
        "sub": settings.apple_client_id,
        "aud": settings.apple_issuer,
        "iat": now,
        "exp": now + SECRET_LIFETIME_S,
    }
    return jwt.encode({"alg": ALGORITHM, "kid": settings.apple_key_id}, claims, key, algorithms=[ALGORITHM])


def read_name(user_field: str) -> str:
    """The name in the `user` field of Apple's answer, which comes with a person's first consent only; else nothing."""
    try:
        name: Any = json.loads(user_field)["name"]
        return " ".join(str(name[part]) for part in ("firstName", "lastName") if name.get(part))
    except (ValueError, TypeError, KeyError, AttributeError):
        return ""
