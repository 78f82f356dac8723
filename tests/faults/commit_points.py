"""Where a purchase or a run is when a process is stopped right there."""

RESERVED = "after funmagic.credits.ledger.reserve"
COMMITTED = "before funmagic.tasks.submit.dispatch_tasks"
