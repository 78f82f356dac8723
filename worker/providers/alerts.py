"""Tells operators of what only an admin can mend: an account that is turned away, a model that is gone."""

import structlog
from sqlalchemy.exc import SQLAlchemyError

from funmagic.core.db import transaction
from funmagic.core.telemetry.counters import PROVIDER_ALERTS, count
from funmagic.core.telemetry.redact import hide_secrets
from funmagic.models.providers import ProviderScope
from funmagic.providers.health import mark_unhealthy
from worker.providers.base import AccountRefused, ModelRetired, ProviderError, ProviderTimeout

log = structlog.get_logger()


def alert(scope: ProviderScope, provider: str, error: ProviderError) -> None:
    """Log an alert for a refused account, and mark the provider unhealthy, or for a retired model; for nothing else."""
    if not isinstance(error, AccountRefused | ModelRetired):
        return
    log.error(
        "provider_needs_attention", scope=scope, provider=provider, reason=type(error).__name__, detail=str(error)
    )
    count(PROVIDER_ALERTS, provider, type(error).__name__)
    if isinstance(error, AccountRefused):
        _mark_unhealthy(scope, provider, error)


def describe(error: ProviderError) -> str:
    """What is wrong with a provider, in plain English for admins."""
    match error:
        case AccountRefused():
            said = "The provider turns our account away: it is out of credit, or its key is wrong."
        case ModelRetired():
            said = "The provider does not know a configured model any more: choose another one."
        case ProviderTimeout():
            said = "The provider did not answer in time."
        case _:
            said = "The provider cannot be used."
    return hide_secrets(f"{said} ({error})")


def _mark_unhealthy(scope: ProviderScope, provider: str, error: AccountRefused) -> None:
    try:
        with transaction() as session:
            mark_unhealthy(session, scope, provider, describe(error))
    except SQLAlchemyError as trouble:
        # The run that met the refusal ends as it should all the same.
        log.warning("health_not_noted", scope=scope, provider=provider, error=str(trouble))
