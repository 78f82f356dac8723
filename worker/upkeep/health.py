"""Checks every minute whether each provider in use would take our work, and saves the result in its row."""

import threading
import time
from dataclasses import replace

import structlog
from sqlmodel import Session, col, or_, select

from funmagic.catalogue.errors import ToolUnavailable
from funmagic.catalogue.service import plan_all_steps
from funmagic.core.db import reading, transaction
from funmagic.models.providers import Provider, ProviderScope
from funmagic.models.tools import Tool
from funmagic.providers.breakers import BreakerState, read_breakers
from funmagic.providers.health import mark_healthy, mark_unhealthy
from worker.providers.accounts import Account, read_account
from worker.providers.alerts import alert, describe
from worker.providers.base import ProviderError, ProviderRateLimited, ProviderTimeout
from worker.providers.registry import open_provider

log = structlog.get_logger()

# For one call of a provider; what it asks may take a few of them.
CALL_S = 5.0
PATIENCE_S = 15.0


def check_providers() -> None:
    """Check every active provider that an active tool uses or that has a key, all at once; never raises for one."""
    with reading() as session:
        names = _names_to_check(session)
    checks = [
        threading.Thread(target=_check, args=(ProviderScope.WEB, name), name=f"health {name}", daemon=True)
        for name in names
    ]
    # One that still hangs in the check before this one is not asked again.
    hanging = {thread.name for thread in threading.enumerate()}
    for check in checks:
        if check.name not in hanging:
            check.start()
    ends = time.monotonic() + PATIENCE_S
    for name, check in zip(names, checks, strict=True):
        if check.ident is not None:
            check.join(max(ends - time.monotonic(), 0))
        if check.is_alive() or check.name in hanging:
            _record(ProviderScope.WEB, name, ProviderTimeout(f"no answer within {PATIENCE_S:.0f} s"))


def _names_to_check(session: Session) -> list[str]:
    tools = session.exec(select(Tool).where(col(Tool.is_active))).all()
    used = {provider for tool in tools for provider in _providers_of(tool)}
    of_interest = or_(col(Provider.name).in_(used), col(Provider.api_key_encrypted).is_not(None))
    return list(session.exec(select(Provider.name).where(col(Provider.is_active), of_interest)))


def _providers_of(tool: Tool) -> list[str]:
    try:
        return [step.provider for step in plan_all_steps(tool)]
    except ToolUnavailable:
        return []


def _check(scope: ProviderScope, name: str) -> None:
    try:
        _record(scope, name, _find_trouble(scope, name))
    except Exception:
        log.exception("health_check_broke", provider=name)


def _find_trouble(scope: ProviderScope, name: str) -> ProviderError | None:
    """What keeps a provider from taking our work, if anything."""
    try:
        with reading() as session:
            account = read_account(session, scope, name)
        open_provider(_impatient(account)).check_health()
    except ProviderError as error:
        return error
    except Exception as error:
        log.exception("health_check_broke", provider=name)
        return ProviderError(f"the check itself broke: {type(error).__name__}")
    return None


def _impatient(account: Account) -> Account:
    config = account.config
    seconds = min(config.request_timeout_seconds, CALL_S)
    return replace(account, config=config.model_copy(update={"request_timeout_seconds": seconds}))


def _record(scope: ProviderScope, name: str, error: ProviderError | None) -> None:
    if isinstance(error, ProviderRateLimited):
        # It is there; how often it may be asked is the limiter's business.
        error = None
    if error is None:
        _record_healthy(scope, name)
        return
    with transaction() as session:
        is_news = mark_unhealthy(session, scope, name, describe(error))
    if is_news:
        log.warning("provider_unhealthy", provider=name, kind=type(error).__name__, detail=str(error))
        alert(scope, name, error)


def _record_healthy(scope: ProviderScope, name: str) -> None:
    breaker = read_breakers(scope, [name])[name]
    if breaker.has_refused and breaker.state is not BreakerState.CLOSED:
        # A key that is right may be out of credit: only a run that is taken again shows that it is not.
        return
    with transaction() as session:
        is_news = mark_healthy(session, scope, name)
    if is_news:
        log.info("provider_healthy", provider=name)
