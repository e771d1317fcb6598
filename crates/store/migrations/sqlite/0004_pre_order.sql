-- Payments that are made before their order. Until one is linked, `order_reference` holds the payment's
-- own id: a name that no order has, so that the uniqueness of orders holds for them as well.
ALTER TABLE payment ADD COLUMN linked INTEGER NOT NULL DEFAULT 1 CHECK (linked IN (0, 1));

-- Those that nobody has called off: the ones that nothing happens to are looked for by it.
CREATE INDEX payment_pre_order ON payment (updated_at)
    WHERE linked = 0 AND status NOT IN ('cancel_requested', 'canceled');
