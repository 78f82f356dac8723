"""What every operation's options have in common."""

from typing import Any

from pydantic import BaseModel, ConfigDict


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
