"""Why a task can fail, in codes for clients and in sentences for people; a failed task is never charged."""

from funmagic.i18n.translate import N_
from funmagic.models.tasks import FailureCode

SENTENCES = {
    FailureCode.TIMEOUT: N_("AI service timed out. Credits refunded."),
    FailureCode.PROVIDER: N_("AI service error. Please try again."),
    FailureCode.REJECTED: N_("The AI service declined this photo. Please try another one."),
    FailureCode.INVALID_INPUT: N_("Invalid input. Please check your settings."),
    FailureCode.DAMAGED_FILE: N_("This file is damaged. Please choose another photo."),
    FailureCode.NO_SUBJECT: N_("We found no subject in this photo. Nothing was charged."),
    FailureCode.RATE_LIMITED: N_("The AI service is very busy. Please try again in a few minutes."),
    FailureCode.CANCELLED: N_("Run cancelled. Nothing was charged."),
    FailureCode.WORKER_LOST: N_("This run was interrupted too often. Please try again."),
    FailureCode.INTERNAL: N_("Something went wrong on our side. Please try again."),
}

# Done again with the same photo, these would end the same way: what helps is another one.
NEEDS_ANOTHER_PHOTO = frozenset({FailureCode.INVALID_INPUT, FailureCode.DAMAGED_FILE, FailureCode.NO_SUBJECT})
# Their sentences say by themselves what became of the credits: nothing is added to them.
SAYS_WHAT_WAS_CHARGED = frozenset({FailureCode.TIMEOUT, FailureCode.NO_SUBJECT, FailureCode.CANCELLED})
