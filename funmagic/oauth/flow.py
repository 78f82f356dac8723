"""One sign-in with a provider while it is under way."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Flow:
    """One sign-in under way: what the provider's answer must fit, and where it leads."""

    provider: str
    state: str
    redirect_uri: str
    next_url: str
    nonce: str = ""
    code_verifier: str = ""
    # The signed-in user who is connecting this provider; empty for whoever signs in.
    linking_user_id: str = ""
