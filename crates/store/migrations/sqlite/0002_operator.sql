-- What an operator gave up. For everything that waits for such a row it is through ('done',
-- 'delivered'); this column says that it was not carried out, or that the shop never got it.
ALTER TABLE inbox ADD COLUMN discarded_at INTEGER;
ALTER TABLE outbox ADD COLUMN discarded_at INTEGER;

-- All calls of a payment, for `paybridge payment show`.
CREATE INDEX psp_call_of_payment ON psp_call (tenant, payment);
