"""What people see of packages and payments."""

from datetime import datetime

from funmagic.core.json import Shape


class PackageView(Shape):
    """A package as people see it; the price is in the currency's smallest unit."""

    id: str
    name: str
    credits: int
    bonus_credits: int
    total_credits: int
    price_cents: int
    currency: str
    is_popular: bool


class PaymentView(Shape):
    """A purchase, as its buyer sees it."""

    id: str
    status: str
    package_name: str
    credits: int
    bonus_credits: int
    amount_cents: int
    currency: str
    refunded_cents: int
    dispute: str
    return_path: str
    created_at: datetime
    paid_at: datetime | None
