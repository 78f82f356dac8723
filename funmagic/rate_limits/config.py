"""What is limited, by how much, and what each tier multiplies it by, unless a super admin says otherwise."""

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from funmagic.core.json import RequestShape, Shape


class Category(StrEnum):
    """What requests are counted as, and by whom: an IP address, a user, or an IP address with an email."""

    GLOBAL_API = "globalApi"
    USER_API = "userApi"
    TASK_CREATION = "taskCreation"
    UPLOAD = "upload"
    AUTH_SESSION = "authSession"
    AUTH_ACTION = "authAction"
    AUTH_EMAIL = "authEmail"


PER_USER = {Category.USER_API, Category.TASK_CREATION}

# What signing in (with one mistake), opening the settings and saving them takes in a minute.
FEWEST = {
    Category.GLOBAL_API: 5,
    Category.USER_API: 5,
    Category.AUTH_SESSION: 2,
    Category.AUTH_ACTION: 2,
    Category.AUTH_EMAIL: 2,
}
# So high that nobody reaches it: how a limit is lifted.
UNREACHABLE = 1_000_000
Requests = Annotated[int, Field(ge=1, le=UNREACHABLE)]
Credits = Annotated[int, Field(ge=0, le=1_000_000_000)]
Multiplier = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class Limits(Shape):
    """Requests in a minute."""

    global_api: Requests = 600
    user_api: Requests = 300
    task_creation: Requests = 60
    upload: Requests = 60
    auth_session: Requests = 120
    auth_action: Requests = 10
    auth_email: Requests = 5


class Tier(Shape):
    """From how many credits ever bought it is reached, and what it multiplies per-user limits by."""

    lifetime_purchased: Credits
    multiplier: Multiplier


class Tiers(Shape):
    """The tiers, from the lowest to the highest."""

    free: Tier = Tier(lifetime_purchased=0, multiplier=1)
    basic: Tier = Tier(lifetime_purchased=100, multiplier=1.5)
    premium: Tier = Tier(lifetime_purchased=500, multiplier=2)
    vip: Tier = Tier(lifetime_purchased=2000, multiplier=3)

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        thresholds = [tier.lifetime_purchased for tier in self.rising]
        if thresholds[0] != 0 or any(low >= high for low, high in pairwise(thresholds)):
            raise ValueError("the first tier starts at 0, and each later one above the one before it")
        return self

    @property
    def rising(self) -> list[Tier]:
        """The tiers, the lowest first."""
        return [self.free, self.basic, self.premium, self.vip]


class RateLimits(Shape):
    """All limits in force."""

    limits: Limits = Limits()
    tiers: Tiers = Tiers()

    def shut_out(self) -> dict[Category, int]:
        """The limits with which a super admin could not sign in and change them back, each with the least it takes."""
        return {
            category: fewest
            for category, fewest in FEWEST.items()
            if any(self.allowance(category, tier.lifetime_purchased) < fewest for tier in self.tiers.rising)
        }

    def allowance(self, category: Category, lifetime_purchased: int = 0) -> int:
        """The requests of a category allowed in a minute, to a user who has bought so many credits."""
        amount: int = getattr(self.limits, category.name.lower())
        if category in PER_USER:
            reached = [tier for tier in self.tiers.rising if tier.lifetime_purchased <= lifetime_purchased]
            amount = max(int(amount * reached[-1].multiplier), 1)
        return amount


class LimitsChange(RequestShape):
    """New limits; what is absent stays."""

    global_api: Requests | None = None
    user_api: Requests | None = None
    task_creation: Requests | None = None
    upload: Requests | None = None
    auth_session: Requests | None = None
    auth_action: Requests | None = None
    auth_email: Requests | None = None


class TierChange(RequestShape):
    """What is new about a tier."""

    lifetime_purchased: Credits | None = None
    multiplier: Multiplier | None = None


class TiersChange(RequestShape):
    """What is new about the tiers."""

    free: TierChange | None = None
    basic: TierChange | None = None
    premium: TierChange | None = None
    vip: TierChange | None = None


class RateLimitsChange(RequestShape):
    """What is new; what is absent stays as it is."""

    limits: LimitsChange | None = None
    tiers: TiersChange | None = None
