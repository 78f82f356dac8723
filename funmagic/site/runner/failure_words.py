"""What a stage says of a run that came to nothing, and whether the same run may come to something."""

from dataclasses import dataclass

from funmagic.i18n.translate import _
from funmagic.models.tasks import FailureCode
from funmagic.tasks.failures import NEEDS_ANOTHER_PHOTO, SAYS_WHAT_WAS_CHARGED, SENTENCES
from funmagic.tasks.views import TaskError


@dataclass(frozen=True)
class FailureView:
    """Why a run failed, in whole sentences that say what it means for the credits."""

    text: str = ""
    is_cancelled: bool = False
    # Done once more with the same photo, it would fail again.
    needs_another_photo: bool = False


def describe_failure(error: TaskError | None) -> FailureView:
    """A failure as its stage shows it; nothing for a run that did not fail."""
    if error is None:
        return FailureView()
    if error.code in SAYS_WHAT_WAS_CHARGED:
        # As it is said today, whatever was said when it failed.
        text = _(SENTENCES[FailureCode(error.code)])
    else:
        text = _("{problem} Nothing was charged.", problem=error.message)
    return FailureView(text, error.code == FailureCode.CANCELLED, error.code in NEEDS_ANOTHER_PHOTO)
