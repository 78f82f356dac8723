"""RQ's entry points: each takes an id and calls one function; running one twice is harmless."""

from worker.mail import sending as mail
from worker.runs import cancel, run


def run_task(task_id: str) -> None:
    """Advance one task."""
    run.run_task(task_id)


def cancel_remote_jobs(task_id: str) -> None:
    """Stop what a cancelled task still runs at a provider."""
    cancel.cancel_remote_jobs(task_id)


def send_mail(mail_id: str) -> None:
    """Try to send one mail."""
    mail.send_mail(mail_id)
