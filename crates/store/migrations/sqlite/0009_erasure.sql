-- Since when a payment knows no customer any more. None: its checkout, and that of its calls, still
-- names people.
ALTER TABLE payment ADD COLUMN erased_at INTEGER;

-- Settled payments by how long nothing has happened to them, and what came in by how long it is done
-- with: the worker looks for what is kept too long.
CREATE INDEX payment_kept ON payment (updated_at) WHERE erased_at IS NULL AND open = 0;
CREATE INDEX inbox_kept ON inbox (ended_at)
    WHERE state IN ('done', 'foreign') AND body IS NOT NULL;
