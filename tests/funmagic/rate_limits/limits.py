"""Setting rate limits, and asking from an address."""

from fastapi.testclient import TestClient

from funmagic.core.db import transaction
from funmagic.rate_limits.config import RateLimits, RateLimitsChange
from funmagic.rate_limits.service import set_rate_limits
from tests.servers import shared_api


def set_limits(**limits: int) -> RateLimits:
    """Change these limits, as a super admin does."""
    with transaction() as session:
        return set_rate_limits(session, RateLimitsChange.model_validate({"limits": limits}))


def from_address(address: str) -> TestClient:
    """A client that comes from this address."""
    return TestClient(shared_api(), base_url="http://localhost:3999", client=(address, 50000))
