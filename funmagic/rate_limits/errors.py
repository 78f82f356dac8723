"""The refusal of a request too many."""

import time

from funmagic.core.errors import FunMagicError
from funmagic.i18n.translate import N_, _


class TooManyRequests(FunMagicError):
    """A rate limit is used up."""

    code = "RATE_LIMITED"
    status = 429
    text = N_("Too many requests. Please wait.")

    def __init__(self, retry_after: int, limit: int) -> None:
        super().__init__(retryAfter=retry_after, limit=limit)
        self.retry_after = retry_after  # type: ignore[misc]

    @property
    def notice(self) -> str:
        """The sentence on a page, with the seconds to wait."""
        return _("Too many requests. Please wait {seconds} s.", seconds=self.retry_after)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of its HTTP answer: the limit that is used up, and when it begins anew."""
        limit = {"X-RateLimit-Limit": str(self.details["limit"]), "X-RateLimit-Remaining": "0"}
        return {**super().headers, **limit, "X-RateLimit-Reset": str(int(time.time()) + self.details["retryAfter"])}
