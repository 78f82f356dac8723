"""What an admin decides of a tool's steps: who runs them, with which model, for how much."""

from functools import partial

from sqlmodel import Session, select

from funmagic.db import after_commit
from funmagic.errors import SettingRefused
from funmagic.i18n.translate import _
from funmagic.models.providers import Provider
from funmagic.models.tools import Tool
from funmagic.providers.types import PROVIDER_TYPES
from funmagic.tools.cache import drop_catalogue
from funmagic.tools.kinds import StepKind
from funmagic.tools.service import PlannedStep, kind_of, plan_steps

HIGHEST_COST = 1_000_000
LONGEST_MODEL = 100


def configure_step(
    session: Session,
    slug: str,
    step_id: str,
    *,
    provider: str | None = None,
    model: str | None = None,
    cost: int | None = None,
) -> PlannedStep:
    """Change what is given of a step's configuration and keep the rest; raises SettingRefused with the reason.

    A model belongs to its provider: changing only the provider leaves the choice of the model to the new one.
    """
    tool = session.exec(select(Tool).where(Tool.slug == slug)).first()
    if tool is None:
        raise SettingRefused(problem=_("There is no tool {slug}.", slug=slug))
    step = _find_step(tool, step_id)
    changes: dict[str, object] = {}
    steps = tool.config.get("steps", {})
    before = dict(steps.get(step_id, {}))
    if provider is not None:
        _check_provider(session, provider, step)
        changes["provider"] = provider
        if provider != before.get("provider", step.provider):
            before.pop("model", None)
    if model is not None:
        changes["model"] = _checked_model(model)
    if cost is not None:
        changes["credits"] = _checked_cost(cost)
    # A new dictionary: SQLAlchemy does not see changes inside the old one.
    tool.config = {**tool.config, "steps": {**steps, step_id: {**before, **changes}}}
    session.add(tool)
    after_commit(session, partial(drop_catalogue, slug))
    return plan_steps(tool, step_id)[0]


def _find_step(tool: Tool, step_id: str) -> StepKind:
    steps = {step.id: step for step in kind_of(tool).steps}
    if step_id not in steps:
        known = ", ".join(steps)
        raise SettingRefused(
            problem=_("{tool} has no step {step}. Its steps: {known}.", tool=tool.slug, step=step_id, known=known)
        )
    return steps[step_id]


def _check_provider(session: Session, name: str, step: StepKind) -> None:
    provider = session.exec(select(Provider).where(Provider.name == name)).first()
    if provider is None:
        raise SettingRefused(problem=_("There is no provider {name}. Set it up first.", name=name))
    kind = PROVIDER_TYPES.get(provider.type)
    if kind is None or step.operation not in kind.models:
        raise SettingRefused(
            problem=_("The provider {name} cannot do {operation}.", name=name, operation=step.operation)
        )


def _checked_model(model: str) -> str:
    if not model or len(model) > LONGEST_MODEL or not model.isprintable() or " " in model:
        raise SettingRefused(problem=_("A model's name is one word of at most 100 characters."))
    return model


def _checked_cost(cost: int) -> int:
    if not 0 <= cost <= HIGHEST_COST:
        raise SettingRefused(problem=_("The cost must be a number of credits from 0 to 1000000."))
    return cost
