"""Why a run is not started, cancelled, deleted or tried again."""

from funmagic.core.errors import FunMagicError
from funmagic.i18n.translate import N_, NN_


class TooManyTasks(FunMagicError):
    """The user already has as many running tasks as allowed."""

    code = "TOO_MANY_TASKS"
    status = 429
    retry_after = 5
    text = NN_(
        "You already have {limit} run in progress. Please wait until it ends.",
        "You already have {limit} runs in progress. Please wait until one of them ends.",
        by="limit",
    )


class PriceChanged(FunMagicError):
    """The tool costs something else than the person was told."""

    code = "PRICE_CHANGED"
    status = 409
    text = NN_(
        "The price has changed to {price} credit. Nothing was charged. Press again if that is fine.",
        "The price has changed to {price} credits. Nothing was charged. Press again if that is fine.",
        by="price",
    )


class TaskRunning(FunMagicError):
    """A running task cannot be deleted."""

    code = "TASK_RUNNING"
    status = 409
    text = N_("This run is still in progress. Cancel it first.")


class TaskFinished(FunMagicError):
    """A finished task cannot be cancelled."""

    code = "TASK_FINISHED"
    status = 409
    text = N_("This run has already ended.")


class TaskNotFailed(FunMagicError):
    """Only a failed task can be tried again."""

    code = "TASK_NOT_FAILED"
    status = 409
    text = N_("Only a failed run can be tried again.")
