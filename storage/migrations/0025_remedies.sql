-- What a claim or goodwill gives: remedies, refunds, reservations of coupons; and what one loss can cost at most.

-- Out of goodwill: what staff gave, how much, to whom and why.
CREATE TABLE goodwills (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'gdw\__%'),
  buyer_id        text COLLATE "C" NOT NULL,
  order_id        text COLLATE "C",               -- the order that it is about, if any
  claim_id        text COLLATE "C",               -- the claim that it is about, if any
  cause           text CHECK (cause IN ('LATENESS', 'NON_RECEIPT', 'CONDITION', 'SERVICE', 'PRICE', 'CONDUCT')),
  form            text NOT NULL CHECK (form IN ('COUPON', 'REFUND')),
  bearer          text NOT NULL CHECK (bearer IN ('PLATFORM', 'LIABLE_PARTY')),
  amount_minor    bigint NOT NULL CHECK (amount_minor > 0),
  currency        char(3) NOT NULL,
  reason          text NOT NULL,
  granted_by      text COLLATE "C" NOT NULL,      -- the member or key
  role            text NOT NULL,                  -- by whose limit
  limit_minor     bigint NOT NULL CHECK (limit_minor >= 0),
  rule_version_id text COLLATE "C" NOT NULL,
  decision_id     text COLLATE "C" NOT NULL,
  granted_at      timestamptz NOT NULL,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (amount_minor <= limit_minor),
  CHECK (bearer = 'PLATFORM' OR claim_id IS NOT NULL),
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions,
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions
);
CREATE INDEX goodwills_buyer ON goodwills (tenant_id, buyer_id, granted_at, id);
CREATE INDEX goodwills_order ON goodwills (tenant_id, order_id, granted_at, id);
CREATE INDEX goodwills_claim ON goodwills (tenant_id, claim_id, granted_at, id);
CREATE INDEX goodwills_granted ON goodwills (tenant_id, granted_at, id);
CREATE INDEX goodwills_granted_by ON goodwills (tenant_id, granted_by, granted_at);
CREATE INDEX goodwills_rule ON goodwills (tenant_id, rule_version_id);
CREATE INDEX goodwills_decision ON goodwills (tenant_id, decision_id);
CALL protect('goodwills');

-- A coupon makes a claim good or was given out of goodwill; a part of it may be reserved; it may be revoked.
ALTER TABLE coupons
  ALTER COLUMN claim_id DROP NOT NULL,
  ADD COLUMN goodwill_id text COLLATE "C",
  ADD COLUMN order_id text COLLATE "C",           -- the order that it compensates, which it cannot pay for
  ADD COLUMN reserved_minor bigint NOT NULL DEFAULT 0,
  ADD COLUMN revoked_reason text,
  ADD FOREIGN KEY (tenant_id, goodwill_id) REFERENCES goodwills,
  ADD FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  ADD CONSTRAINT coupons_source CHECK (num_nonnulls(claim_id, goodwill_id) >= 1),
  ADD CONSTRAINT coupons_spent CHECK (reserved_minor >= 0 AND used_minor + reserved_minor <= amount_minor),
  ADD CONSTRAINT coupons_revoked CHECK ((state = 'REVOKED') = (revoked_reason IS NOT NULL)),
  DROP CONSTRAINT coupons_state_check,
  ADD CONSTRAINT coupons_state CHECK (state IN ('ACTIVE', 'PARTLY_USED', 'USED', 'EXPIRED', 'REVOKED')),
  DROP CONSTRAINT coupons_tenant_id_claim_id_key;
UPDATE coupons k SET order_id = m.order_id FROM claims m WHERE m.tenant_id = k.tenant_id AND m.id = k.claim_id;
ALTER TABLE coupons ALTER COLUMN reserved_minor DROP DEFAULT;
CREATE INDEX coupons_claim ON coupons (tenant_id, claim_id, issued_at, id);
CREATE INDEX coupons_goodwill ON coupons (tenant_id, goodwill_id);
CREATE INDEX coupons_order ON coupons (tenant_id, order_id);

-- A part of a coupon that a checkout holds for an order of that reference.
CREATE TABLE coupon_reservations (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'rsv\__%'),
  coupon_id       text COLLATE "C" NOT NULL,
  buyer_id        text COLLATE "C" NOT NULL,
  order_reference text COLLATE "C" NOT NULL,      -- the shop system's number of the order
  state           text NOT NULL CHECK (state IN ('HELD', 'CAPTURED', 'RELEASED', 'LAPSED')),
  amount_minor    bigint NOT NULL CHECK (amount_minor > 0),
  captured_minor  bigint NOT NULL CHECK (captured_minor BETWEEN 0 AND amount_minor),
  currency        char(3) NOT NULL,
  reserved_at     timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,           -- its last instant: never behind the coupon's
  ended_at        timestamptz,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state = 'HELD') = (ended_at IS NULL)),
  CHECK ((state = 'CAPTURED') <= (captured_minor = amount_minor)),
  FOREIGN KEY (tenant_id, coupon_id) REFERENCES coupons,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers
);
-- One coupon is held once for one order: the reservation's natural key.
CREATE UNIQUE INDEX coupon_reservations_once ON coupon_reservations (tenant_id, coupon_id, order_reference)
  WHERE state IN ('HELD', 'CAPTURED');
CREATE INDEX coupon_reservations_coupon ON coupon_reservations (tenant_id, coupon_id, reserved_at, id);
CREATE INDEX coupon_reservations_buyer ON coupon_reservations (tenant_id, buyer_id, reserved_at, id);
CALL protect('coupon_reservations');

ALTER TABLE redemptions
  ADD COLUMN reservation_id text COLLATE "C",     -- the reservation that was captured, if any
  ADD COLUMN reference text COLLATE "C",          -- the checkout's own name of the capture
  ADD FOREIGN KEY (tenant_id, reservation_id) REFERENCES coupon_reservations,
  ADD CHECK ((reservation_id IS NULL) = (reference IS NULL));
CREATE UNIQUE INDEX redemptions_capture ON redemptions (tenant_id, reservation_id, reference);
CREATE INDEX redemptions_reservation ON redemptions (tenant_id, reservation_id, redeemed_at, id);

-- Money that goes back to a buyer: decided here, paid by the payment system, which reports it.
CREATE TABLE refunds (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'rfd\__%'),
  claim_id     text COLLATE "C",
  goodwill_id  text COLLATE "C",
  order_id     text COLLATE "C" NOT NULL,         -- whose payment is given back
  buyer_id     text COLLATE "C" NOT NULL,
  state        text NOT NULL CHECK (state IN ('DECIDED', 'PAID', 'FAILED', 'CANCELLED')),
  amount_minor bigint NOT NULL CHECK (amount_minor > 0),
  currency     char(3) NOT NULL,
  reference    text COLLATE "C",                  -- the payment system's, once it was paid
  failure      text,                              -- why the last attempt failed
  decided_at   timestamptz NOT NULL,
  ended_at     timestamptz,                       -- when it was paid or cancelled
  version      integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT refunds_reference UNIQUE (tenant_id, reference),
  CHECK (num_nonnulls(claim_id, goodwill_id) >= 1),
  CHECK ((state = 'PAID') = (reference IS NOT NULL)),
  CHECK ((state = 'FAILED') <= (failure IS NOT NULL)),
  CHECK ((state IN ('PAID', 'CANCELLED')) = (ended_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, goodwill_id) REFERENCES goodwills,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers
);
CREATE INDEX refunds_claim ON refunds (tenant_id, claim_id, decided_at, id);
CREATE INDEX refunds_goodwill ON refunds (tenant_id, goodwill_id);
CREATE INDEX refunds_order ON refunds (tenant_id, order_id, decided_at, id);
CREATE INDEX refunds_buyer ON refunds (tenant_id, buyer_id, decided_at, id);
CREATE INDEX refunds_decided ON refunds (tenant_id, decided_at, id);
CALL protect('refunds');

-- What a decided or agreed claim gives, one row per award.
CREATE TABLE remedies (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'rmd\__%'),
  claim_id     text COLLATE "C" NOT NULL,
  order_id     text COLLATE "C" NOT NULL,
  line_id      text COLLATE "C",                  -- null: all lines that the claim is about
  buyer_id     text COLLATE "C" NOT NULL,
  supplier_id  text COLLATE "C",                  -- the liable party: one of the two
  provider_id  text COLLATE "C",
  kind         text NOT NULL CHECK (kind IN
    ('REFUND_FULL', 'REFUND_PARTIAL', 'COUPON', 'REPLACEMENT', 'REPAIR', 'PARTS', 'RETURNLESS_REFUND')),
  state        text NOT NULL CHECK (state IN ('DUE', 'IN_PROGRESS', 'PROVIDED', 'FAILED', 'CANCELLED')),
  amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
  currency     char(3) NOT NULL,
  coupon_id    text COLLATE "C",
  refund_id    text COLLATE "C",
  note         text,                              -- the last word of party or buyer on it
  due_at       timestamptz,                       -- until when whoever must act is in time; null when nobody must
  awarded_at   timestamptz NOT NULL,
  provided_at  timestamptz,                       -- when the party says that it did it
  ended_at     timestamptz,
  version      integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  CHECK ((kind IN ('REPLACEMENT', 'REPAIR', 'PARTS')) = (amount_minor = 0)),
  CHECK ((kind = 'COUPON') = (coupon_id IS NOT NULL)),
  CHECK ((kind IN ('REFUND_FULL', 'REFUND_PARTIAL', 'RETURNLESS_REFUND')) = (refund_id IS NOT NULL)),
  CHECK ((state IN ('PROVIDED', 'FAILED', 'CANCELLED')) = (ended_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, claim_id) REFERENCES claims,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, line_id) REFERENCES order_lines,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, coupon_id) REFERENCES coupons,
  FOREIGN KEY (tenant_id, refund_id) REFERENCES refunds
);
CREATE INDEX remedies_claim ON remedies (tenant_id, claim_id, awarded_at, id);
CREATE INDEX remedies_order ON remedies (tenant_id, order_id);
CREATE INDEX remedies_line ON remedies (tenant_id, line_id);
CREATE INDEX remedies_buyer ON remedies (tenant_id, buyer_id, awarded_at, id);
CREATE INDEX remedies_supplier ON remedies (tenant_id, supplier_id, awarded_at, id);
CREATE INDEX remedies_provider ON remedies (tenant_id, provider_id, awarded_at, id);
CREATE INDEX remedies_awarded ON remedies (tenant_id, awarded_at, id);
CREATE INDEX remedies_coupon ON remedies (tenant_id, coupon_id, awarded_at, id);
CREATE INDEX remedies_refund ON remedies (tenant_id, refund_id);
CALL protect('remedies');

-- What one loss on one line can cost at most, and what was drawn on it: the database refuses what goes above.
CREATE TABLE exposures (
  tenant_id     text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL CHECK (id LIKE 'exp\__%'),
  order_id      text COLLATE "C" NOT NULL,
  line_id       text COLLATE "C" NOT NULL,
  buyer_id      text COLLATE "C" NOT NULL,
  loss          text NOT NULL CHECK (loss IN ('GOODS', 'LATENESS', 'SERVICE', 'PRICE', 'CONDUCT')),
  commitments   text[] NOT NULL,                  -- the covers whose rules' amounts are in the ceiling
  ceiling_minor bigint NOT NULL CHECK (ceiling_minor >= 0),
  drawn_minor   bigint NOT NULL CHECK (drawn_minor >= 0),
  currency      char(3) NOT NULL,
  opened_at     timestamptz NOT NULL,
  version       integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT exposures_loss UNIQUE (tenant_id, line_id, loss),
  CONSTRAINT exposures_ceiling CHECK (drawn_minor <= ceiling_minor),
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, line_id) REFERENCES order_lines,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers
);
CREATE INDEX exposures_line ON exposures (tenant_id, line_id, opened_at, id);
CREATE INDEX exposures_order ON exposures (tenant_id, order_id, opened_at, id);
CREATE INDEX exposures_buyer ON exposures (tenant_id, buyer_id);
CALL protect('exposures');

CREATE TABLE exposure_movements (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'exm\__%'),
  exposure_id  text COLLATE "C" NOT NULL,
  cause        text NOT NULL CHECK (cause IN ('LATENESS', 'NON_RECEIPT', 'CONDITION', 'SERVICE', 'PRICE', 'CONDUCT')),
  drawn_by     text NOT NULL CHECK (drawn_by IN ('CLAIM', 'CHARGEBACK', 'INSURANCE', 'GOODWILL')),
  subject_id   text COLLATE "C" NOT NULL,         -- the claim, chargeback, goodwill … that drew
  amount_minor bigint NOT NULL CHECK (amount_minor <> 0), -- drawn; below zero where it was given back
  currency     char(3) NOT NULL,
  at           timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, exposure_id) REFERENCES exposures
);
CREATE INDEX exposure_movements_exposure ON exposure_movements (tenant_id, exposure_id, at, id);
CREATE INDEX exposure_movements_subject ON exposure_movements (tenant_id, subject_id);
CALL protect('exposure_movements', 'SELECT, INSERT');
CALL make_append_only('exposure_movements');

-- What was granted before had one coupon each: its remedy, and what it drew on the loss of the lines it was for.
-- The lines of old claims are not recorded; the whole amount stands on the first line of the order.
INSERT INTO remedies (tenant_id, id, claim_id, order_id, line_id, buyer_id, supplier_id, provider_id, kind, state,
  amount_minor, currency, coupon_id, refund_id, note, due_at, awarded_at, provided_at, ended_at, version)
SELECT m.tenant_id, 'rmd' || substr(k.id, 4), m.id, m.order_id, NULL, m.buyer_id, m.supplier_id, m.provider_id,
  'COUPON', 'PROVIDED', k.amount_minor, k.currency, k.id, NULL, NULL, NULL, k.issued_at, k.issued_at, k.issued_at, 1
FROM coupons k JOIN claims m ON m.tenant_id = k.tenant_id AND m.id = k.claim_id;
INSERT INTO exposures (tenant_id, id, order_id, line_id, buyer_id, loss, commitments, ceiling_minor, drawn_minor,
  currency, opened_at, version)
SELECT m.tenant_id, 'exp' || substr(min(k.id), 4), m.order_id, l.id, min(m.buyer_id),
  CASE m.reason WHEN 'LATE_DELIVERY' THEN 'LATENESS' ELSE 'SERVICE' END, array_agg(m.coverage_id ORDER BY m.id),
  sum(k.amount_minor), sum(k.amount_minor), k.currency, min(k.issued_at), 1
FROM coupons k JOIN claims m ON m.tenant_id = k.tenant_id AND m.id = k.claim_id
JOIN LATERAL (SELECT id FROM order_lines o WHERE o.tenant_id = m.tenant_id AND o.order_id = m.order_id
  ORDER BY position LIMIT 1) l ON true
GROUP BY m.tenant_id, m.order_id, l.id, k.currency, 6;
INSERT INTO exposure_movements (tenant_id, id, exposure_id, cause, drawn_by, subject_id, amount_minor, currency, at)
SELECT m.tenant_id, 'exm' || substr(k.id, 4), x.id, x.loss, 'CLAIM', m.id, k.amount_minor, k.currency, k.issued_at
FROM coupons k JOIN claims m ON m.tenant_id = k.tenant_id AND m.id = k.claim_id
JOIN exposures x ON x.tenant_id = m.tenant_id AND x.order_id = m.order_id
  AND x.loss = CASE m.reason WHEN 'LATE_DELIVERY' THEN 'LATENESS' ELSE 'SERVICE' END;

-- A recovery is the party's share of a coupon or of a refund.
ALTER TABLE recoveries
  ALTER COLUMN coupon_id DROP NOT NULL,
  ADD COLUMN refund_id text COLLATE "C",
  ADD COLUMN share_bp integer NOT NULL DEFAULT 10000 CHECK (share_bp BETWEEN 1 AND 10000),
  ADD FOREIGN KEY (tenant_id, refund_id) REFERENCES refunds,
  ADD CONSTRAINT recoveries_source CHECK (num_nonnulls(coupon_id, refund_id) = 1);
ALTER TABLE recoveries ALTER COLUMN share_bp DROP DEFAULT;
CREATE UNIQUE INDEX recoveries_refund ON recoveries (tenant_id, refund_id);

ALTER TABLE ledger_transfers
  ADD COLUMN refund_id text COLLATE "C",
  ADD COLUMN goodwill_id text COLLATE "C",
  ADD FOREIGN KEY (tenant_id, refund_id) REFERENCES refunds,
  ADD FOREIGN KEY (tenant_id, goodwill_id) REFERENCES goodwills,
  DROP CONSTRAINT ledger_transfers_cause,
  ADD CONSTRAINT ledger_transfers_cause CHECK (num_nonnulls(claim_id, coupon_id, redemption_id, refund_id, goodwill_id,
    decision_id, deposit_movement_id) > 0);
CREATE INDEX ledger_transfers_refund ON ledger_transfers (tenant_id, refund_id, at, id);
CREATE INDEX ledger_transfers_goodwill ON ledger_transfers (tenant_id, goodwill_id, at, id);
