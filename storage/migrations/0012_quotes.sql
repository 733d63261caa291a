-- What buyers ask, what providers are bound to, and what was booked.

CREATE TABLE quote_requests (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'qrq\__%'),
  buyer_id        text COLLATE "C" NOT NULL,
  state           text NOT NULL CHECK (state IN ('REQUESTED', 'QUOTED')),
  origin          jsonb NOT NULL,               -- a spot of domain/places.py
  destination     jsonb NOT NULL,
  pieces          jsonb NOT NULL,
  weight_grams    bigint NOT NULL CHECK (weight_grams > 0),
  cubic_mm        bigint NOT NULL CHECK (cubic_mm > 0),
  value_minor     bigint CHECK (value_minor >= 0), -- null: not stated for every piece
  currency        char(3) NOT NULL,             -- of the value, and what offers are compared in
  ready_at        timestamptz NOT NULL,
  incoterm        text,
  modes           text[] NOT NULL,              -- empty: all
  levels          text[] NOT NULL,
  left_out        jsonb NOT NULL,               -- who serves the route and made no offer, with every reason
  rule_version_id text COLLATE "C" NOT NULL,
  requested_at    timestamptz NOT NULL,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions
);
CREATE INDEX quote_requests_buyer ON quote_requests (tenant_id, buyer_id, requested_at, id);
CREATE INDEX quote_requests_requested ON quote_requests (tenant_id, requested_at, id);
CREATE INDEX quote_requests_rule ON quote_requests (tenant_id, rule_version_id);
CALL protect('quote_requests', 'SELECT, INSERT');

-- Written once with everything it binds to; only its state moves on. Ten are written while a buyer waits: buyer and rule
-- are the request's, lane, service and sheet those that the same transaction found and that are never deleted, so they
-- have no foreign keys, which would cost an index each.
CREATE TABLE quotes (
  tenant_id              text COLLATE "C" NOT NULL,
  id                     text COLLATE "C" NOT NULL CHECK (id LIKE 'quo\__%'),
  request_id             text COLLATE "C" NOT NULL,
  buyer_id               text COLLATE "C" NOT NULL,
  provider_id            text COLLATE "C" NOT NULL,
  service_id             text COLLATE "C" NOT NULL,
  lane_id                text COLLATE "C" NOT NULL,
  rate_sheet_id          text COLLATE "C" NOT NULL,
  mode                   text NOT NULL,
  level                  text NOT NULL,
  state                  text NOT NULL CHECK (state IN ('QUOTED', 'ACCEPTED', 'BOOKED', 'EXPIRED', 'WITHDRAWN', 'REVISED')),
  position               bigint NOT NULL CHECK (position > 0), -- 1 is the best of the request
  chargeable_grams       bigint NOT NULL,
  total_minor            bigint NOT NULL CHECK (total_minor >= 0),
  currency               char(3) NOT NULL,
  charges                jsonb NOT NULL,        -- the lines, each with its computation
  departs_by             timestamptz NOT NULL,  -- the last instant of the hand-over that the promise rests on
  promised_at            timestamptz NOT NULL,  -- last microsecond of the promised day
  promise                jsonb NOT NULL,        -- how that day was found
  cost_minor             bigint,                -- total and expected lateness, in compared_in; null: no exchange rate
  lateness_minor         bigint,                -- expected cost of lateness, in compared_in; null: no record, or no value
  compared_in            char(3) NOT NULL,
  lateness               jsonb NOT NULL,
  included_guarantee_ids text[] NOT NULL,
  rule_version_id        text COLLATE "C" NOT NULL,
  offered_at             timestamptz NOT NULL,
  expires_at             timestamptz NOT NULL,  -- its last instant
  accepted_at            timestamptz,
  ended_at               timestamptz,
  reason                 text,                  -- the provider's word for a withdrawal or revision
  revises_id             text COLLATE "C",      -- the quote in whose place it came
  version                integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, request_id) REFERENCES quote_requests,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, revises_id) REFERENCES quotes,
  CHECK ((state IN ('QUOTED', 'ACCEPTED')) = (ended_at IS NULL)),
  CHECK ((state IN ('ACCEPTED', 'BOOKED')) = (accepted_at IS NOT NULL))
);
CREATE INDEX quotes_request ON quotes (tenant_id, request_id, position, id);
CREATE INDEX quotes_buyer ON quotes (tenant_id, buyer_id, offered_at, id);
CREATE INDEX quotes_provider ON quotes (tenant_id, provider_id, offered_at, id);
CREATE INDEX quotes_quoted ON quotes (tenant_id, offered_at, id);
CREATE UNIQUE INDEX quotes_revises ON quotes (tenant_id, revises_id);
CALL protect('quotes');

CREATE TABLE bookings (
  tenant_id     text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL CHECK (id LIKE 'bkg\__%'),
  quote_id      text COLLATE "C" NOT NULL,
  order_id      text COLLATE "C" NOT NULL,
  shipment_id   text COLLATE "C" NOT NULL,
  buyer_id      text COLLATE "C" NOT NULL,
  provider_id   text COLLATE "C" NOT NULL,
  service_id    text COLLATE "C" NOT NULL,
  lane_id       text COLLATE "C" NOT NULL,
  state         text NOT NULL CHECK (state IN ('BOOKED', 'CANCELLED')),
  reference     text COLLATE "C" NOT NULL,
  total_minor   bigint NOT NULL CHECK (total_minor >= 0),
  currency      char(3) NOT NULL,
  promised_at   timestamptz NOT NULL,
  booked_at     timestamptz NOT NULL,
  cancelled_at  timestamptz,
  cancelled_by  text CHECK (cancelled_by IN ('BUYER', 'PROVIDER', 'MARKETPLACE')),
  cancel_reason text,
  note          text,
  version       integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT bookings_quote UNIQUE (tenant_id, quote_id),
  FOREIGN KEY (tenant_id, quote_id) REFERENCES quotes,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, shipment_id) REFERENCES shipments,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, service_id) REFERENCES services,
  FOREIGN KEY (tenant_id, lane_id) REFERENCES lanes,
  CHECK (num_nonnulls(cancelled_at, cancelled_by, cancel_reason) = CASE state WHEN 'CANCELLED' THEN 3 ELSE 0 END)
);
CREATE INDEX bookings_order ON bookings (tenant_id, order_id, id);
CREATE INDEX bookings_shipment ON bookings (tenant_id, shipment_id);
CREATE INDEX bookings_buyer ON bookings (tenant_id, buyer_id, booked_at, id);
CREATE INDEX bookings_provider ON bookings (tenant_id, provider_id, booked_at, id);
CREATE INDEX bookings_booked ON bookings (tenant_id, booked_at, id);
CREATE INDEX bookings_service ON bookings (tenant_id, service_id);
CREATE INDEX bookings_lane ON bookings (tenant_id, lane_id);
CALL protect('bookings');

-- Who serves a route but is off sale: asked only where a buyer wants to know who was left out.
CREATE INDEX lanes_off_sale ON lanes (tenant_id, origin_key, destination_key) WHERE NOT sellable AND state = 'ACTIVE';
