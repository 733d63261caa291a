-- What providers may not do for a time: restrictions of capabilities, leaving, and bars on coming back.

CREATE TABLE restrictions (
  tenant_id   text COLLATE "C" NOT NULL,
  id          text COLLATE "C" NOT NULL CHECK (id LIKE 'rst\__%'),
  provider_id text COLLATE "C" NOT NULL,
  cause       text NOT NULL,                   -- a word of domain/capabilities.py
  about       text COLLATE "C",                -- the key of a requirement, the id of a flag
  actions     text[] NOT NULL,                 -- empty: all; likewise below
  services    text[] NOT NULL,
  markets     text[] NOT NULL,
  lane_ids    text[] NOT NULL,
  since       timestamptz NOT NULL,            -- lies ahead while grace runs
  until       timestamptz,                     -- its last instant; null: until it is lifted
  reason      text NOT NULL,
  decision_id text COLLATE "C",                -- why, with every finding; null where the desk alone decided
  imposed_at  timestamptz NOT NULL,
  lifted_at   timestamptz,
  lift_reason text,
  version     integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (until > since),
  CHECK (lift_reason IS NULL OR lifted_at IS NOT NULL),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions
);
CREATE INDEX restrictions_decision ON restrictions (tenant_id, decision_id);
CREATE INDEX restrictions_provider ON restrictions (tenant_id, provider_id, id);
-- A lapse, a flag or a suspension restricts once at a time.
CREATE UNIQUE INDEX restrictions_once ON restrictions (tenant_id, provider_id, cause, coalesce(about, ''))
  WHERE lifted_at IS NULL AND cause <> 'DESK';
CALL protect('restrictions');

CREATE TABLE exits (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'ext\__%'),
  provider_id  text COLLATE "C" NOT NULL,
  state        text NOT NULL CHECK (state IN ('REQUESTED', 'WITHDRAWN', 'WINDING_DOWN', 'EXITED', 'CUT_SHORT')),
  reason       text NOT NULL,
  requested_at timestamptz NOT NULL,
  sells_until  timestamptz NOT NULL,
  ended_at     timestamptz,
  version      integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state IN ('REQUESTED', 'WINDING_DOWN')) = (ended_at IS NULL)),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CREATE INDEX exits_provider ON exits (tenant_id, provider_id, id);
CREATE UNIQUE INDEX exits_once ON exits (tenant_id, provider_id) WHERE ended_at IS NULL;
CALL protect('exits');

CREATE TABLE bars (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'bar\__%'),
  provider_id     text COLLATE "C" NOT NULL,
  cause           text NOT NULL,               -- a word of domain/bars.py
  programme       text COLLATE "C",            -- a guarantee's rule; null: the whole marketplace
  reason          text NOT NULL,
  since           timestamptz NOT NULL,
  until           timestamptz NOT NULL,        -- its last instant
  related         boolean NOT NULL,            -- binds related accounts as well
  rule_version_id text COLLATE "C" NOT NULL,
  lifted_at       timestamptz,
  lift_reason     text,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (until >= since),
  CHECK ((lifted_at IS NULL) = (lift_reason IS NULL)),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions
);
CREATE INDEX bars_provider ON bars (tenant_id, provider_id, id);
CREATE INDEX bars_rule_version ON bars (tenant_id, rule_version_id);
CALL protect('bars');
