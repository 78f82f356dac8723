-- What funmagic/credits/ledger.py sends for a reserve and a confirm, each in a transaction of its own.
\set account random(1, :accounts)
\set pair random(1, 1000000000000000)
BEGIN;
WITH account AS (
    UPDATE credit_accounts SET balance = balance + 0, reserved = reserved + 1
    WHERE user_id = 'user' || :account AND balance + 0 >= 0 AND reserved + 1 >= 0 AND reserved + 1 <= balance + 0
    RETURNING balance, reserved
), line AS (
    INSERT INTO credit_transactions (id, created_at, user_id, type, amount, reserved_delta, task_id, description,
                                     idempotency_key, balance_after, reserved_after)
    SELECT gen_random_uuid()::text, now(), 'user' || :account, 'reservation', 0, 1, 'task' || :account, '',
           'reserve:' || :pair, account.balance, account.reserved FROM account
    ON CONFLICT (idempotency_key) DO NOTHING RETURNING id
)
SELECT balance, (SELECT id FROM line) FROM account;
COMMIT;
BEGIN;
WITH hold AS (
    SELECT user_id AS owner, - (reserved_delta * 1) AS by, - reserved_delta AS held, reserved_delta * 1 AS used,
           description AS note
    FROM credit_transactions WHERE idempotency_key = 'reserve:' || :pair
), account AS (
    UPDATE credit_accounts SET balance = balance + hold.by, reserved = reserved + hold.held,
                               lifetime_used = lifetime_used + hold.used FROM hold
    WHERE user_id = hold.owner AND balance + hold.by >= 0 AND reserved + hold.held >= 0
      AND reserved + hold.held <= balance + hold.by
    RETURNING user_id, balance, reserved
), line AS (
    INSERT INTO credit_transactions (id, created_at, user_id, type, amount, reserved_delta, task_id, description,
                                     idempotency_key, balance_after, reserved_after)
    SELECT gen_random_uuid()::text, now(), hold.owner, 'usage', hold.by, hold.held, 'task' || :account, hold.note,
           'settle:' || :pair, account.balance, account.reserved FROM account, hold WHERE account.user_id = hold.owner
    ON CONFLICT (idempotency_key) DO NOTHING RETURNING id
)
SELECT balance, (SELECT id FROM line) FROM account;
COMMIT;
