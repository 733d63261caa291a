-- Clock holds: force majeure stops the clocks of what it hinders (domain.md B17), and which clocks each hold moved.

CREATE TABLE clock_holds (
  tenant_id      text COLLATE "C" NOT NULL,
  id             text COLLATE "C" NOT NULL CHECK (id LIKE 'hld\__%'),
  state          text NOT NULL CHECK (state IN ('APPLIED', 'REVERSED')),
  reason         text NOT NULL,                  -- the parties read it
  duties         text[] NOT NULL,                -- empty: all that can be held
  countries      text[] NOT NULL,                -- of delivery
  from_area      text COLLATE "C",               -- keys of domain/places.py
  to_area        text COLLATE "C",
  through        text[] NOT NULL,
  provider_ids   text[] NOT NULL,
  from_at        timestamptz NOT NULL,           -- the span, half-open
  until_at       timestamptz NOT NULL,
  clocks         bigint NOT NULL CHECK (clocks > 0),
  decision_id    text COLLATE "C" NOT NULL,
  applied_at     timestamptz NOT NULL,
  applied_by     text COLLATE "C" NOT NULL,
  reversed_at    timestamptz,
  reversed_by    text COLLATE "C",
  reverse_reason text,
  version        integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (from_at < until_at),
  CHECK ((state = 'REVERSED') = (reversed_at IS NOT NULL)),
  CHECK (num_nonnulls(reversed_at, reversed_by, reverse_reason) IN (0, 3)),
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions
);
CREATE INDEX clock_holds_applied ON clock_holds (tenant_id, applied_at, id);
CREATE INDEX clock_holds_decision ON clock_holds (tenant_id, decision_id);
CALL protect('clock_holds');

CREATE TABLE held_clocks (
  tenant_id  text COLLATE "C" NOT NULL,
  id         text COLLATE "C" NOT NULL CHECK (id LIKE 'hcl\__%'),
  hold_id    text COLLATE "C" NOT NULL,
  clock_id   text COLLATE "C" NOT NULL,
  subject_id text COLLATE "C" NOT NULL,
  order_id   text COLLATE "C" NOT NULL,
  duty       text NOT NULL,
  from_at    timestamptz NOT NULL,               -- when this clock stood still for this hold
  until_at   timestamptz NOT NULL,
  due_free   timestamptz NOT NULL,               -- its deadline without any hold
  due_before timestamptz NOT NULL,
  due_after  timestamptz NOT NULL,
  carried    jsonb NOT NULL,                     -- deadline of the claim or cover -> its instant without any hold
  PRIMARY KEY (tenant_id, id),
  CHECK (from_at < until_at),
  CHECK (due_before < due_after),
  FOREIGN KEY (tenant_id, hold_id) REFERENCES clock_holds,
  FOREIGN KEY (tenant_id, clock_id) REFERENCES clocks,
  FOREIGN KEY (tenant_id, order_id) REFERENCES orders
);
CREATE INDEX held_clocks_hold ON held_clocks (tenant_id, hold_id, id);
CREATE INDEX held_clocks_clock ON held_clocks (tenant_id, clock_id, id);
CREATE INDEX held_clocks_subject ON held_clocks (tenant_id, subject_id, id);
CREATE INDEX held_clocks_order ON held_clocks (tenant_id, order_id, id);
CALL protect('held_clocks', 'SELECT, INSERT');
CALL make_append_only('held_clocks');
