-- What the rules of guarantees must know of an order: by when lines are sent, what they were declared to be worth, what
-- was told before the sale, what price was locked and what was charged.

ALTER TABLE order_lines
  ADD COLUMN ship_by_at        timestamptz,     -- last microsecond of the day by which it is to be sent
  ADD COLUMN declared_minor    bigint CHECK (declared_minor >= 0), -- its worth on the way; null: its value
  ADD COLUMN disclosed_defects boolean NOT NULL DEFAULT false,
  ADD COLUMN standard_stated   boolean NOT NULL DEFAULT true;

ALTER TABLE orders
  ADD COLUMN locked_minor        bigint CHECK (locked_minor >= 0),  -- the all-in total promised; null: no price is locked
  ADD COLUMN charged_minor       bigint CHECK (charged_minor >= 0), -- what was charged in sum; null: nobody said
  ADD COLUMN quantity_changed_at timestamptz,   -- the last change of a quantity after payment
  ADD COLUMN buyer_transport     boolean NOT NULL DEFAULT false,
  ADD COLUMN quote_id            text COLLATE "C", -- the accepted quote that it is bought with
  ADD FOREIGN KEY (tenant_id, quote_id) REFERENCES quotes;
CREATE INDEX orders_quote ON orders (tenant_id, quote_id);

-- Covers whose window is counted from receipt wait for it without an end.
CREATE INDEX coverages_receipt ON coverages (tenant_id, order_id)
  WHERE promise IN ('EASY_RETURN', 'MONEY_BACK', 'PRICE_LOCK', 'LOSS_DAMAGE');
