-- Field service: requests under a cover, their levels with deadlines, visits and parts.

CREATE TABLE service_requests (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'srq\__%'),
  order_id        text COLLATE "C" NOT NULL,
  coverage_id     text COLLATE "C" NOT NULL,
  buyer_id        text COLLATE "C" NOT NULL,
  supplier_id     text COLLATE "C",             -- the liable party: one of the two
  provider_id     text COLLATE "C",
  kind            text NOT NULL CHECK (kind IN ('LOCAL', 'DISPATCHED', 'REMOTE')),
  state           text NOT NULL CHECK (state IN ('REQUESTED', 'RESPONDED', 'ON_SITE', 'REMOTE', 'COMPLETED',
                    'CONFIRMED', 'REOPENED', 'DECLINED', 'CANCELLED')),
  line_ids        text[] NOT NULL,
  country         text NOT NULL,                -- the market whose working days count
  problem         text NOT NULL,
  note            text,
  round           bigint NOT NULL CHECK (round > 0),
  rule_version_id text COLLATE "C" NOT NULL,
  requested_at    timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  ended_at        timestamptz,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  CHECK ((state IN ('CONFIRMED', 'CANCELLED')) = (ended_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders,
  FOREIGN KEY (tenant_id, coverage_id) REFERENCES coverages,
  FOREIGN KEY (tenant_id, buyer_id) REFERENCES buyers,
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions
);
CREATE INDEX service_requests_order ON service_requests (tenant_id, order_id, requested_at, id);
CREATE INDEX service_requests_coverage ON service_requests (tenant_id, coverage_id, id);
CREATE INDEX service_requests_buyer ON service_requests (tenant_id, buyer_id, requested_at, id);
CREATE INDEX service_requests_supplier ON service_requests (tenant_id, supplier_id, requested_at, id);
CREATE INDEX service_requests_provider ON service_requests (tenant_id, provider_id, requested_at, id);
CREATE INDEX service_requests_age ON service_requests (tenant_id, requested_at, id);
CREATE INDEX service_requests_rule ON service_requests (tenant_id, rule_version_id);
CALL protect('service_requests');

CREATE TABLE service_levels (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'slv\__%'),
  request_id  text COLLATE "C" NOT NULL,
  round       bigint NOT NULL CHECK (round > 0),
  milestone   text NOT NULL CHECK (milestone IN ('RESPONDED', 'STARTED', 'FINISHED', 'PARTS_SENT')),
  began_at    timestamptz NOT NULL,
  due_at      timestamptz NOT NULL,
  reached_at  timestamptz,
  broken_at   timestamptz,
  voided_at   timestamptz,
  decision_id text COLLATE "C",
  PRIMARY KEY (tenant_id, id),
  CHECK (began_at < due_at),
  CHECK (num_nonnulls(broken_at, decision_id) IN (0, 2)),
  CHECK (voided_at IS NULL OR num_nonnulls(reached_at, broken_at) = 0),
  FOREIGN KEY (tenant_id, request_id) REFERENCES service_requests,
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions
);
CREATE INDEX service_levels_request ON service_levels (tenant_id, request_id, id);
CREATE INDEX service_levels_decision ON service_levels (tenant_id, decision_id);
CALL protect('service_levels');

CREATE TABLE service_visits (
  tenant_id        text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL CHECK (id LIKE 'svv\__%'),
  request_id       text COLLATE "C" NOT NULL,
  number           bigint NOT NULL CHECK (number > 0),
  planned_from     timestamptz NOT NULL,
  planned_until    timestamptz NOT NULL,
  service_point_id text COLLATE "C",
  engineer_digest  text COLLATE "C" NOT NULL,   -- the name lies in personal_data
  arrived_at       timestamptz,
  counted          boolean,                     -- whether the arrival lay in the window
  left_at          timestamptz,
  PRIMARY KEY (tenant_id, id),
  CHECK (planned_from < planned_until),
  CHECK (num_nonnulls(arrived_at, counted) IN (0, 2)),
  CHECK (left_at IS NULL OR arrived_at <= left_at),
  FOREIGN KEY (tenant_id, request_id) REFERENCES service_requests,
  FOREIGN KEY (tenant_id, service_point_id) REFERENCES service_points
);
CREATE UNIQUE INDEX service_visits_request ON service_visits (tenant_id, request_id, number);
CREATE INDEX service_visits_point ON service_visits (tenant_id, service_point_id);
CALL protect('service_visits');

CREATE TABLE service_parts (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'spt\__%'),
  request_id      text COLLATE "C" NOT NULL,
  number          bigint NOT NULL CHECK (number > 0),
  name            text NOT NULL,
  serial_number   text,
  user_caused     boolean NOT NULL,
  free            boolean NOT NULL,
  visit_id        text COLLATE "C",
  requested_at    timestamptz,
  sent_at         timestamptz,
  tracking_number text,
  received_at     timestamptz,
  used_at         timestamptz,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(requested_at, used_at) > 0),
  CHECK (received_at IS NULL OR sent_at <= received_at),
  FOREIGN KEY (tenant_id, request_id) REFERENCES service_requests,
  FOREIGN KEY (tenant_id, visit_id) REFERENCES service_visits
);
CREATE UNIQUE INDEX service_parts_request ON service_parts (tenant_id, request_id, number);
CREATE INDEX service_parts_visit ON service_parts (tenant_id, visit_id);
CALL protect('service_parts');
