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
CREATE UNIQUE INDEX orders_quote_once ON orders (tenant_id, quote_id) WHERE state <> 'CANCELLED';

-- Covers whose window is counted from receipt wait for it without an end.
CREATE INDEX coverages_receipt ON coverages (tenant_id, order_id)
  WHERE promise IN ('EASY_RETURN', 'MONEY_BACK', 'PRICE_LOCK', 'LOSS_DAMAGE');

-- Programmes: an enrolment may wait for the desk, gives notice, and may be a member of a bundle.
ALTER TABLE guarantees DROP CONSTRAINT guarantees_state_check;
ALTER TABLE guarantees
  ADD CHECK (state IN ('APPLIED', 'ACTIVE', 'SUSPENDED', 'WITHDRAWING', 'ENDED', 'REMOVED')),
  ADD COLUMN bundle_id    text COLLATE "C",     -- the bundle that it is a member of
  ADD COLUMN reason       text,                 -- the desk's word for not admitting or for removing it
  ADD COLUMN barred_until timestamptz;          -- its party may not come back until after this instant
DROP INDEX guarantees_supplier;
DROP INDEX guarantees_provider;
CREATE UNIQUE INDEX guarantees_supplier ON guarantees (tenant_id, supplier_id, rule_key)
  WHERE state NOT IN ('ENDED', 'REMOVED');
CREATE UNIQUE INDEX guarantees_provider ON guarantees (tenant_id, provider_id, rule_key)
  WHERE state NOT IN ('ENDED', 'REMOVED');

CREATE TABLE bundles (
  tenant_id     text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL CHECK (id LIKE 'bdl\__%'),
  supplier_id   text COLLATE "C",
  provider_id   text COLLATE "C",
  rule_key      text COLLATE "C" NOT NULL,      -- bundles/semi_managed
  title         text NOT NULL,
  state         text NOT NULL CHECK (state IN ('ACTIVE', 'SUSPENDED', 'WITHDRAWING', 'ENDED', 'REMOVED')),
  markets       text[] NOT NULL,
  guarantee_ids text[] NOT NULL,                -- its members
  joined_at     timestamptz NOT NULL,
  ends_at       timestamptz,                    -- when its notice is over, or when it ended
  version       integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  CHECK (state IN ('ACTIVE', 'SUSPENDED') OR ends_at IS NOT NULL),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CREATE UNIQUE INDEX bundles_supplier ON bundles (tenant_id, supplier_id, rule_key)
  WHERE state NOT IN ('ENDED', 'REMOVED');
CREATE UNIQUE INDEX bundles_provider ON bundles (tenant_id, provider_id, rule_key)
  WHERE state NOT IN ('ENDED', 'REMOVED');
CREATE INDEX bundles_by_supplier ON bundles (tenant_id, supplier_id, id);
CREATE INDEX bundles_by_provider ON bundles (tenant_id, provider_id, id);
CALL protect('bundles');

ALTER TABLE guarantees ADD FOREIGN KEY (tenant_id, bundle_id) REFERENCES bundles;
CREATE INDEX guarantees_bundle ON guarantees (tenant_id, bundle_id);

-- Quotes of a bundle have one locked price; what the buyer's level takes off is the marketplace's to bear.
ALTER TABLE quotes
  ADD COLUMN bundle_id      text COLLATE "C",   -- the bundle that it is quoted in: its price is locked
  ADD COLUMN benefits       jsonb NOT NULL DEFAULT '[]', -- lines that the buyer's level takes off, of the buyer and staff
  ADD COLUMN discount_minor bigint NOT NULL DEFAULT 0 CHECK (discount_minor BETWEEN 0 AND total_minor),
  ADD FOREIGN KEY (tenant_id, bundle_id) REFERENCES bundles;
CREATE INDEX quotes_bundle ON quotes (tenant_id, bundle_id);
