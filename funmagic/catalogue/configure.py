"""What an admin decides of a tool's steps: who runs them, with which model and options, for how much, for how long."""

from functools import partial
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, select

from funmagic.catalogue.cache import drop_catalogue
from funmagic.catalogue.kinds import StepKind
from funmagic.catalogue.service import PlannedStep, kind_of, plan_step
from funmagic.core.db import after_commit
from funmagic.core.errors import SettingRefused
from funmagic.i18n.translate import _
from funmagic.models.providers import Provider
from funmagic.models.tools import Tool
from funmagic.providers.registry import PROVIDER_TYPES
from funmagic.providers.types.base import Offer, ProviderType

HIGHEST_COST = 1_000_000
LONGEST_MODEL = 100
LONGEST_TIMEOUT_S = 3600


def configure_step(
    session: Session,
    slug: str,
    step_id: str,
    *,
    provider: str | None = None,
    model: str | None = None,
    cost: int | None = None,
    options: dict[str, Any] | None = None,
    timeout_s: int | None = None,
) -> PlannedStep:
    """Change what is given of a step's configuration and keep the rest; raises SettingRefused with the reason.

    Model and options belong to their provider: changing only the provider leaves both to the new one. Options replace
    those before.
    """
    tool = _find_tool(session, slug)
    step = _find_step(tool, step_id)
    steps = tool.config.get("steps", {})
    config = dict(steps.get(step_id, {}))
    if provider is not None and provider != config.get("provider", step.provider):
        config = {name: value for name, value in config.items() if name not in ("model", "options")}
    config["provider"] = provider or config.get("provider", step.provider)
    kind = _type_of(session, config["provider"], step)
    # Derived, and kept: a submit need not ask which type a provider is of, and that never changes.
    config["queue"] = kind.queue.value
    if model is not None:
        config["model"] = _checked_model(model)
    if options is not None:
        config["options"] = options
    if config.get("options"):
        config["options"] = _checked_options(kind, step, config.get("model"), config["options"])
    if cost is not None:
        config["credits"] = _checked_cost(cost)
    if timeout_s is not None:
        config["timeoutSeconds"] = _checked_timeout(timeout_s)
    # A new dictionary: SQLAlchemy does not see changes inside the old one.
    tool.config = {**tool.config, "steps": {**steps, step_id: config}}
    after_commit(session, partial(drop_catalogue, slug))
    return plan_step(tool, step)


def _find_tool(session: Session, slug: str) -> Tool:
    tool = session.exec(select(Tool).where(Tool.slug == slug)).first()
    if tool is None:
        raise SettingRefused(problem=_("There is no tool {slug}.", slug=slug))
    return tool


def _find_step(tool: Tool, step_id: str) -> StepKind:
    steps = {step.id: step for step in kind_of(tool).steps}
    if step_id not in steps:
        known = ", ".join(steps)
        raise SettingRefused(
            problem=_("{tool} has no step {step}. Its steps: {known}.", tool=tool.slug, step=step_id, known=known)
        )
    return steps[step_id]


def _type_of(session: Session, name: str, step: StepKind) -> ProviderType:
    provider = session.exec(select(Provider).where(Provider.name == name)).first()
    if provider is None:
        raise SettingRefused(problem=_("There is no provider {name}. Set it up first.", name=name))
    kind = PROVIDER_TYPES.get(provider.type)
    if kind is None or _find_offer(kind, step) is None:
        raise SettingRefused(
            problem=_("The provider {name} cannot do {operation}.", name=name, operation=step.operation)
        )
    return kind


def _find_offer(kind: ProviderType, step: StepKind) -> Offer | None:
    # Who does a step unless an admin says otherwise need not name it among its offers.
    return kind.offers.get(step.operation) or (Offer() if kind.name == step.provider else None)


def _checked_model(model: str) -> str:
    if not model or len(model) > LONGEST_MODEL or not model.isprintable() or " " in model:
        raise SettingRefused(problem=_("A model's name is one word of at most 100 characters."))
    return model


def _checked_options(kind: ProviderType, step: StepKind, model: str | None, options: dict[str, Any]) -> dict[str, Any]:
    offer = _find_offer(kind, step) or Offer()
    try:
        return offer.options.check(model or offer.model, options)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors())
    except ValueError as error:
        problems = str(error)
    raise SettingRefused(problem=_("The options cannot be used: {problems}", problems=problems))


def _checked_cost(cost: int) -> int:
    if not 0 <= cost <= HIGHEST_COST:
        raise SettingRefused(problem=_("The cost must be a number of credits from 0 to 1000000."))
    return cost


def _checked_timeout(timeout_s: int) -> int:
    if not 1 <= timeout_s <= LONGEST_TIMEOUT_S:
        raise SettingRefused(problem=_("A step may take from 1 to 3600 seconds."))
    return timeout_s
