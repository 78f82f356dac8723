"""Why a task can fail, in codes for clients and in sentences for people; a failed task is never charged."""

from funmagic.models.tasks import FailureCode

SENTENCES = {
    FailureCode.TIMEOUT: "AI service timed out. Credits refunded.",
    FailureCode.PROVIDER: "AI service error. Please try again.",
    FailureCode.REJECTED: "The AI service declined this photo. Please try another one.",
    FailureCode.INVALID_INPUT: "Invalid input. Please check your settings.",
    FailureCode.DAMAGED_FILE: "This file is damaged. Please choose another photo.",
    FailureCode.NO_SUBJECT: "We found no subject in this photo. Nothing was charged.",
    FailureCode.RATE_LIMITED: "The AI service is very busy. Please try again in a few minutes.",
    FailureCode.CANCELLED: "Run cancelled. Nothing was charged.",
    FailureCode.WORKER_LOST: "This run was interrupted too often. Please try again.",
    FailureCode.INTERNAL: "Something went wrong on our side. Please try again.",
}

# Done again with the same photo, these would end the same way: what helps is another one.
NEEDS_ANOTHER_PHOTO = frozenset({FailureCode.INVALID_INPUT, FailureCode.DAMAGED_FILE, FailureCode.NO_SUBJECT})
# Their sentences say by themselves what became of the credits.
SAYS_WHAT_WAS_CHARGED = frozenset({FailureCode.NO_SUBJECT, FailureCode.CANCELLED})
