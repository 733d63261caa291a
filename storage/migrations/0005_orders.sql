-- Orders as the marketplace's shop system reports them, their shipments, tracking and exchange rates.

CREATE TABLE exchange_rates (
  tenant_id   text COLLATE "C" NOT NULL REFERENCES tenants,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'fxr\__%'),
  base        char(3) COLLATE "C" NOT NULL,
  quote       char(3) COLLATE "C" NOT NULL,
  day         date NOT NULL,
  rate        numeric(24, 12) NOT NULL CHECK (rate > 0),  -- units of quote for one of base
  source      text NOT NULL,
  recorded_at timestamptz NOT NULL,
  version     integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, base, quote, day),
  CHECK (base <> quote)
);
CREATE INDEX exchange_rates_day ON exchange_rates (tenant_id, day, id);
CALL protect('exchange_rates', 'SELECT, INSERT');
CALL make_append_only('exchange_rates');

CREATE TABLE orders (
  tenant_id          text COLLATE "C" NOT NULL,
  id                 text COLLATE "C" NOT NULL CHECK (id LIKE 'ord\__%'),
  reference          text COLLATE "C" NOT NULL, -- the shop system's order number
  buyer_id           text COLLATE "C" NOT NULL,
  supplier_id        text COLLATE "C" NOT NULL,
  state              text NOT NULL CHECK (state IN ('PLACED', 'PAID', 'COMPLETED', 'CANCELLED')),
  total_minor        bigint NOT NULL CHECK (total_minor >= 0),
  refunded_minor     bigint NOT NULL DEFAULT 0 CHECK (refunded_minor BETWEEN 0 AND total_minor),
  currency           char(3) NOT NULL,
  country            char(2) NOT NULL,          -- where it is delivered; the address itself is personal data
  address_digest     text,                      -- keyed digest of the address
  address_changed_at timestamptz,               -- last change after payment
  guarantee_ids      text[] NOT NULL DEFAULT '{}', -- what the buyer bought it with
  placed_at          timestamptz NOT NULL,
  paid_at            timestamptz,
  completed_at       timestamptz,
  cancelled_at       timestamptz,
  version            integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, reference),
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  CHECK ((state = 'CANCELLED') = (cancelled_at IS NOT NULL)),
  CHECK ((state = 'COMPLETED') <= (completed_at IS NOT NULL)),
  CHECK (state <> 'PAID' OR paid_at IS NOT NULL)
);
CREATE INDEX orders_buyer ON orders (tenant_id, buyer_id, placed_at, id);
CREATE INDEX orders_supplier ON orders (tenant_id, supplier_id, placed_at, id);
CREATE INDEX orders_placed ON orders (tenant_id, placed_at, id);
CALL protect('orders');

CREATE TABLE shipments (
  tenant_id      text COLLATE "C" NOT NULL,
  id             text COLLATE "C" NOT NULL CHECK (id LIKE 'shp\__%'),
  reference      text COLLATE "C" NOT NULL,     -- the provider's or the shop's shipment number
  order_id       text COLLATE "C" NOT NULL,
  provider_id    text COLLATE "C" NOT NULL,
  mode           text NOT NULL,                 -- a word of domain/shipments.py
  state          text NOT NULL,                 -- one of domain.md 6.3
  promised_at    timestamptz,                   -- last microsecond of the promised day; never overwritten
  eta_at         timestamptz,                   -- the latest estimate; beside the promise, never instead of it
  picked_up_at   timestamptz,
  attempted_at   timestamptz,                   -- the first attempt at delivery
  delivered_at   timestamptz,
  weight_grams   bigint CHECK (weight_grams >= 0),
  freight_minor  bigint CHECK (freight_minor >= 0),
  currency       char(3),                       -- the freight's; null where the freight is unknown
  recorded_at    timestamptz NOT NULL,
  version        integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, provider_id, reference),
  CHECK ((freight_minor IS NULL) = (currency IS NULL)),
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CREATE INDEX shipments_order ON shipments (tenant_id, order_id, id);
CREATE INDEX shipments_recorded ON shipments (tenant_id, recorded_at, id);
CREATE INDEX shipments_provider ON shipments (tenant_id, provider_id, recorded_at, id);
CALL protect('shipments');

CREATE TABLE order_lines (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'lin\__%'),
  order_id     text COLLATE "C" NOT NULL,
  position     integer NOT NULL CHECK (position > 0),
  reference    text COLLATE "C",
  description  text NOT NULL,
  quantity     bigint NOT NULL CHECK (quantity > 0),
  value_minor  bigint NOT NULL CHECK (value_minor >= 0),
  currency     char(3) NOT NULL,
  serviced     boolean NOT NULL,                -- carries the machinery after-sales service
  promised_at  timestamptz,                     -- last microsecond of the promised day; never overwritten once paid
  shipment_id  text COLLATE "C",
  delivered_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, order_id, position),
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments
);
CREATE INDEX order_lines_shipment ON order_lines (tenant_id, shipment_id, id);
CALL protect('order_lines');

CREATE TABLE tracking_events (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'trk\__%'),
  shipment_id text COLLATE "C" NOT NULL,
  reference   text COLLATE "C" NOT NULL,        -- the reporter's own event number, or a digest of what was reported
  status      text NOT NULL,                    -- the twelve of domain.md 6.3
  reason      text,                             -- the 35 exception reasons
  place       text,
  note        text,
  eta_at      timestamptz,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, shipment_id, reference),
  FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments
);
CREATE INDEX tracking_events_shipment ON tracking_events (tenant_id, shipment_id, occurred_at, id);
CALL protect('tracking_events', 'SELECT, INSERT');
CALL make_append_only('tracking_events');

-- The cover of one order by one guarantee, frozen at payment.
CREATE TABLE coverages (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'cov\__%'),
  order_id        text COLLATE "C" NOT NULL,
  guarantee_id    text COLLATE "C" NOT NULL,
  buyer_id        text COLLATE "C" NOT NULL,
  supplier_id     text COLLATE "C",             -- the liable party: one of the two
  provider_id     text COLLATE "C",
  promise         text NOT NULL,
  state           text NOT NULL CHECK (state IN ('PENDING', 'IN_FORCE', 'EXPIRED', 'CLAIMED', 'VOIDED')),
  void_rule       text,
  rule_version_id text COLLATE "C" NOT NULL,    -- the version in force at payment
  terms           jsonb NOT NULL,               -- the rule's numbers as frozen
  promised_at     timestamptz,                  -- the earliest promise among its lines
  closes_at       timestamptz,                  -- last instant to apply
  in_force_at     timestamptz,                  -- null until its promise has a day
  ended_at        timestamptz,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, order_id, guarantee_id),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  CHECK ((state = 'VOIDED') = (void_rule IS NOT NULL)),
  CHECK (state IN ('PENDING', 'VOIDED') OR (in_force_at IS NOT NULL AND closes_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, guarantee_id) REFERENCES guarantees,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions
);
CREATE INDEX coverages_guarantee ON coverages (tenant_id, guarantee_id);
CREATE INDEX coverages_buyer ON coverages (tenant_id, buyer_id, id);
CREATE INDEX coverages_supplier ON coverages (tenant_id, supplier_id);
CREATE INDEX coverages_provider ON coverages (tenant_id, provider_id);
CREATE INDEX coverages_rule ON coverages (tenant_id, rule_version_id);
CALL protect('coverages');
