-- Buyers, suppliers and providers, and the guarantees that suppliers and providers offer.

CREATE TABLE buyers (
  tenant_id         text COLLATE "C" NOT NULL,
  id                text COLLATE "C" NOT NULL CHECK (id LIKE 'buy\__%'),
  organisation_id   text COLLATE "C" NOT NULL,
  reference         text COLLATE "C",          -- the marketplace's own number
  name              text NOT NULL,
  country           char(2) NOT NULL,
  level             smallint NOT NULL CHECK (level BETWEEN 0 AND 4),
  level_since       timestamptz NOT NULL,
  level_decision_id text COLLATE "C",
  registered_at     timestamptz NOT NULL,
  version           integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, reference),
  FOREIGN KEY (tenant_id, organisation_id) REFERENCES organisations,
  FOREIGN KEY (tenant_id, level_decision_id) REFERENCES decisions
);
CREATE UNIQUE INDEX buyers_organisation ON buyers (tenant_id, organisation_id);
CREATE INDEX buyers_decision ON buyers (tenant_id, level_decision_id);
CREATE INDEX buyers_level ON buyers (tenant_id, level, id);
CREATE INDEX buyers_rough_level ON buyers (tenant_id, least(level, 1), id); -- what a supplier may sort by
CALL protect('buyers');

CREATE TABLE suppliers (
  tenant_id        text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL CHECK (id LIKE 'sup\__%'),
  organisation_id  text COLLATE "C" NOT NULL,
  reference        text COLLATE "C",
  name             text NOT NULL,
  country          char(2) NOT NULL,
  sees_exact_tiers boolean NOT NULL,           -- entitled to buyers' exact levels (domain.md 2.5, P17)
  registered_at    timestamptz NOT NULL,
  version          integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, reference),
  FOREIGN KEY (tenant_id, organisation_id) REFERENCES organisations
);
CREATE UNIQUE INDEX suppliers_organisation ON suppliers (tenant_id, organisation_id);
CALL protect('suppliers');

CREATE TABLE providers (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'prv\__%'),
  organisation_id text COLLATE "C" NOT NULL,
  reference       text COLLATE "C",
  name            text NOT NULL,
  country         char(2) NOT NULL,
  kind            text NOT NULL,               -- a word of domain/providers.py
  state           text NOT NULL,               -- ACTIVE in this issue; onboarding fills the rest
  registered_at   timestamptz NOT NULL,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, reference),
  FOREIGN KEY (tenant_id, organisation_id) REFERENCES organisations
);
CREATE UNIQUE INDEX providers_organisation ON providers (tenant_id, organisation_id);
CALL protect('providers');

-- A party's offer to stand for a promise under a rule: its enrolment (domain.md 6.5).
CREATE TABLE guarantees (
  tenant_id    text COLLATE "C" NOT NULL,
  id           text COLLATE "C" NOT NULL CHECK (id LIKE 'gua\__%'),
  supplier_id  text COLLATE "C",
  provider_id  text COLLATE "C",
  rule_key     text COLLATE "C" NOT NULL,      -- guarantees/on_time
  promise      text NOT NULL,                  -- a word of domain/guarantees.py
  title        text NOT NULL,
  state        text NOT NULL CHECK (state IN ('ACTIVE', 'SUSPENDED', 'WITHDRAWING', 'ENDED')),
  offered_at   timestamptz NOT NULL,
  ends_at      timestamptz,
  version      integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(supplier_id, provider_id) = 1),
  FOREIGN KEY (tenant_id, supplier_id) REFERENCES suppliers,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CREATE UNIQUE INDEX guarantees_supplier ON guarantees (tenant_id, supplier_id, rule_key) WHERE state <> 'ENDED';
CREATE UNIQUE INDEX guarantees_provider ON guarantees (tenant_id, provider_id, rule_key) WHERE state <> 'ENDED';
CREATE INDEX guarantees_by_supplier ON guarantees (tenant_id, supplier_id, id);
CREATE INDEX guarantees_by_provider ON guarantees (tenant_id, provider_id, id);
CALL protect('guarantees');
