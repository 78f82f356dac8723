"""What the queues name: each job takes an id, and running one twice is harmless."""

from worker.mail.sending import send_mail
from worker.runs.cancel import cancel_remote_jobs
from worker.runs.run import run_task

__all__ = ["cancel_remote_jobs", "run_task", "send_mail"]
