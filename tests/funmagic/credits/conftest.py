"""Tasks for the ledger to work on."""
