"""What a type of provider declares of itself: what it can do, with which model and options, and where it is."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from funmagic.core.queues import QueueName


class Options(BaseModel):
    """What an admin may set of one operation; anything unknown is refused, and what is absent is the provider's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def check(cls, model: str | None, options: dict[str, Any]) -> dict[str, Any]:
        """The options as they are kept; raises ValueError with what is wrong with them for this model."""
        checked = cls.model_validate(options)
        checked.check_model(model)
        return checked.model_dump(exclude_unset=True)

    def check_model(self, model: str | None) -> None:
        """Raise ValueError for what this model does not take."""


@dataclass(frozen=True)
class Offer:
    """An operation that a type of provider can do: its usual model, and the options it takes."""

    model: str | None = None
    options: type[Options] = Options


@dataclass(frozen=True)
class ProviderType:
    """A kind of service; its work waits on `queue`, and its calls hold a worker for as long as they take or not.

    `credentials` names what an account there may have besides its key.
    """

    name: str
    title: str
    offers: dict[str, Offer] = field(default_factory=dict)
    base_url: str | None = None
    queue: QueueName = QueueName.AI_TASKS
    credentials: tuple[str, ...] = ()
