-- What providers sell: services, the lanes they go, the versions of their prices; and what is wrong with a listing.

CREATE TABLE services (
  tenant_id        text COLLATE "C" NOT NULL,
  id               text COLLATE "C" NOT NULL CHECK (id LIKE 'svc\__%'),
  provider_id      text COLLATE "C" NOT NULL,
  mode             text NOT NULL,               -- a word of domain/modes.py
  level            text NOT NULL,               -- a word of domain/services.py
  title            text NOT NULL,
  description      text NOT NULL,
  incoterms        text[] NOT NULL,
  dangerous_goods  text[] NOT NULL,             -- the classes it takes; empty: none
  weight_grams_max bigint CHECK (weight_grams_max > 0), -- of one piece; null: no limit
  length_mm_max    bigint CHECK (length_mm_max > 0),
  width_mm_max     bigint CHECK (width_mm_max > 0),
  height_mm_max    bigint CHECK (height_mm_max > 0),
  markets          text[] NOT NULL,             -- countries it is sold to; empty: all
  state            text NOT NULL CHECK (state IN ('DRAFT', 'LISTED', 'PAUSED', 'REMOVED')),
  created_at       timestamptz NOT NULL,
  listed_at        timestamptz,                 -- when it was last put on sale
  removed_at       timestamptz,
  version          integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state = 'REMOVED') = (removed_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CREATE INDEX services_provider ON services (tenant_id, provider_id, created_at, id);
CREATE INDEX services_created ON services (tenant_id, created_at, id);
CREATE INDEX services_listed ON services (tenant_id, created_at, id) WHERE state = 'LISTED'; -- what buyers browse
CALL protect('services');

CREATE TABLE lanes (
  tenant_id           text COLLATE "C" NOT NULL,
  id                  text COLLATE "C" NOT NULL CHECK (id LIKE 'lan\__%'),
  service_id          text COLLATE "C" NOT NULL,
  provider_id         text COLLATE "C" NOT NULL,
  mode                text NOT NULL,            -- the service's
  origin_key          text COLLATE "C" NOT NULL, -- a key of domain/places.py
  destination_key     text COLLATE "C" NOT NULL, -- the same as the origin's where the service is done at a place
  origin_country      text COLLATE "C" NOT NULL,
  destination_country text COLLATE "C" NOT NULL,
  transit_days_min    bigint NOT NULL CHECK (transit_days_min >= 0), -- days of the week, after the hand-over
  transit_days_max    bigint NOT NULL CHECK (transit_days_max >= transit_days_min),
  handling_days       bigint NOT NULL CHECK (handling_days >= 0),    -- working days at the origin, before it leaves
  cut_off             text CHECK (cut_off ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'), -- local time; later counts as the next day
  cut_off_zone        text,                     -- IANA
  zone                text NOT NULL,            -- the zone of the rate sheet it is priced by
  state               text NOT NULL CHECK (state IN ('ACTIVE', 'REMOVED')),
  sellable            boolean NOT NULL,         -- active, its service listed, and the provider may sell it (capabilities)
  added_at            timestamptz NOT NULL,
  removed_at          timestamptz,
  version             integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((cut_off IS NULL) = (cut_off_zone IS NULL)),
  CHECK ((state = 'REMOVED') = (removed_at IS NOT NULL)),
  CHECK (state = 'ACTIVE' OR NOT sellable),
  FOREIGN KEY (tenant_id, service_id) REFERENCES services,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
-- A service goes one way once.
CREATE UNIQUE INDEX lanes_once ON lanes (tenant_id, service_id, origin_key, destination_key) WHERE state = 'ACTIVE';
CREATE INDEX lanes_sellable ON lanes (tenant_id, origin_key, destination_key) WHERE sellable;
CREATE INDEX lanes_service ON lanes (tenant_id, service_id, id);
CREATE INDEX lanes_provider ON lanes (tenant_id, provider_id, id);
CREATE INDEX lanes_from ON lanes (tenant_id, origin_country, id);
CREATE INDEX lanes_to ON lanes (tenant_id, destination_country, id);
CALL protect('lanes');

-- One version of a service's prices. It governs what is quoted in [valid_from, valid_until).
CREATE TABLE rate_sheets (
  tenant_id          text COLLATE "C" NOT NULL,
  id                 text COLLATE "C" NOT NULL CHECK (id LIKE 'rsh\__%'),
  service_id         text COLLATE "C" NOT NULL,
  provider_id        text COLLATE "C" NOT NULL,
  number             bigint NOT NULL CHECK (number > 0), -- counts the versions of a service
  title              text NOT NULL,
  currency           char(3) NOT NULL,
  volumetric_divisor bigint CHECK (volumetric_divisor > 0), -- cubic centimetres per kilogram; null: the mode's own
  valid_from         timestamptz NOT NULL,
  valid_until        timestamptz,               -- exclusive; null: until it is superseded
  state              text NOT NULL CHECK (state IN ('DRAFT', 'ACTIVE', 'SUPERSEDED', 'DISCARDED')),
  supersedes_id      text COLLATE "C",
  rate_count         bigint NOT NULL,
  surcharge_count    bigint NOT NULL,
  digest             text,                      -- SHA-256 of the file that the rates came from
  drafted_at         timestamptz NOT NULL,
  activated_at       timestamptz,
  ended_at           timestamptz,               -- discarded, or superseded before it began
  version            integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT rate_sheets_number UNIQUE (tenant_id, service_id, number),
  CONSTRAINT rate_sheets_once_at_a_time EXCLUDE USING gist
    (tenant_id WITH =, service_id WITH =, tstzrange(valid_from, valid_until) WITH &&) WHERE (state = 'ACTIVE'),
  CHECK (valid_until IS NULL OR valid_from < valid_until),
  CHECK ((state = 'ACTIVE') <= (activated_at IS NOT NULL)),
  CHECK ((state IN ('SUPERSEDED', 'DISCARDED')) = (ended_at IS NOT NULL)),
  FOREIGN KEY (tenant_id, service_id) REFERENCES services,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, supersedes_id) REFERENCES rate_sheets
);
CREATE INDEX rate_sheets_active ON rate_sheets (tenant_id, service_id, valid_from) WHERE state = 'ACTIVE';
CREATE INDEX rate_sheets_provider ON rate_sheets (tenant_id, provider_id, id);
CREATE INDEX rate_sheets_supersedes ON rate_sheets (tenant_id, supersedes_id);
CALL protect('rate_sheets');

-- The prices of a sheet. Written while it is a draft, by the hundred thousand, and never changed; the sheet's own audit
-- row names their number and the digest of their file.
CREATE TABLE rates (
  tenant_id     text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL CHECK (id LIKE 'rat\__%'),
  rate_sheet_id text COLLATE "C" NOT NULL,
  line          bigint NOT NULL,                -- of its file, or its place in the list
  zone          text COLLATE "C" NOT NULL,
  measure       text COLLATE "C" NOT NULL,      -- WEIGHT in grams, VOLUME in cm3, CONTAINERS, UNITS
  container     text COLLATE "C",               -- the type, where containers are counted
  at_least      bigint NOT NULL CHECK (at_least >= 0),     -- the bracket is [at_least, below)
  below         bigint CHECK (below > at_least),           -- null: no end
  flat          boolean NOT NULL,               -- for all of it; otherwise per kg, m3, container, unit
  price         numeric(24, 12) NOT NULL CHECK (price >= 0), -- major units; freight is sold in fractions of a cent
  minimum_minor bigint CHECK (minimum_minor >= 0),
  currency      char(3) NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((measure = 'CONTAINERS') = (container IS NOT NULL)),
  FOREIGN KEY (tenant_id, rate_sheet_id) REFERENCES rate_sheets
);
CREATE INDEX rates_bracket ON rates (tenant_id, rate_sheet_id, zone, measure, at_least, id);
CALL protect('rates', 'SELECT, INSERT, DELETE');

-- Only a draft's rates go, when it is discarded: what was ever in force can be read for ever.
CREATE FUNCTION refuse_to_forget_rates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM (SELECT DISTINCT tenant_id, rate_sheet_id FROM gone) g
             JOIN rate_sheets s ON s.tenant_id = g.tenant_id AND s.id = g.rate_sheet_id
             WHERE s.state NOT IN ('DRAFT', 'DISCARDED')) THEN
    RAISE EXCEPTION 'rates that were in force are never deleted' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER rates_stay AFTER DELETE ON rates REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_forget_rates();

CREATE TABLE surcharges (
  tenant_id          text COLLATE "C" NOT NULL,
  id                 text COLLATE "C" NOT NULL CHECK (id LIKE 'sur\__%'),
  rate_sheet_id      text COLLATE "C" NOT NULL,
  position           bigint NOT NULL,
  kind               text NOT NULL CHECK (kind IN ('FUEL', 'PEAK', 'REMOTE_AREA', 'DANGEROUS_GOODS', 'OVERSIZE')),
  charge             text NOT NULL,             -- a word of domain/rate_sheets.py
  basis_points       bigint CHECK (basis_points > 0),      -- of the freight
  amount             numeric(24, 12) CHECK (amount > 0), -- major units
  minimum_minor      bigint CHECK (minimum_minor >= 0),
  currency           char(3) NOT NULL,
  valid_from         timestamptz,               -- null: as long as the sheet
  valid_until        timestamptz,               -- exclusive
  zones              text[] NOT NULL,           -- empty: every zone
  area_keys          text[] NOT NULL,           -- REMOTE_AREA: where it is due; empty otherwise
  dangerous_goods    text[] NOT NULL,           -- DANGEROUS_GOODS: for these classes; empty: for all
  weight_grams_above bigint CHECK (weight_grams_above > 0), -- OVERSIZE: a piece heavier than that,
  length_mm_above    bigint CHECK (length_mm_above > 0),    -- or longer
  PRIMARY KEY (tenant_id, id),
  CHECK (num_nonnulls(basis_points, amount) = 1),
  CHECK (valid_from IS NULL OR valid_until IS NULL OR valid_from < valid_until),
  FOREIGN KEY (tenant_id, rate_sheet_id) REFERENCES rate_sheets
);
CREATE INDEX surcharges_sheet ON surcharges (tenant_id, rate_sheet_id, position, id);
CALL protect('surcharges', 'SELECT, INSERT');

-- A file of rates on its way in: how far it has been read, and what was wrong with it.
CREATE TABLE rate_imports (
  tenant_id     text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL CHECK (id LIKE 'rim\__%'),
  rate_sheet_id text COLLATE "C" NOT NULL,      -- the draft that it fills
  service_id    text COLLATE "C" NOT NULL,
  provider_id   text COLLATE "C" NOT NULL,
  upload_id     text COLLATE "C",               -- null: read from a file by the operator
  file_name     text NOT NULL,
  digest        text NOT NULL,                  -- SHA-256 of the file
  dry_run       boolean NOT NULL,
  state         text NOT NULL CHECK (state IN ('READING', 'DONE', 'REJECTED', 'CANCELLED')),
  size_bytes    bigint NOT NULL,
  read_bytes    bigint NOT NULL,                -- the next line begins here
  read_lines    bigint NOT NULL,
  header        text[] NOT NULL,
  accepted      bigint NOT NULL,
  rejected      bigint NOT NULL,
  started_at    timestamptz NOT NULL,
  ended_at      timestamptz,
  version       integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK (read_bytes BETWEEN 0 AND size_bytes),
  CHECK ((state = 'READING') = (ended_at IS NULL)),
  FOREIGN KEY (tenant_id, rate_sheet_id) REFERENCES rate_sheets,
  FOREIGN KEY (tenant_id, service_id) REFERENCES services,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, upload_id) REFERENCES uploads
);
CREATE UNIQUE INDEX rate_imports_sheet ON rate_imports (tenant_id, rate_sheet_id);
CREATE INDEX rate_imports_service ON rate_imports (tenant_id, service_id, id);
CREATE INDEX rate_imports_provider ON rate_imports (tenant_id, provider_id, started_at, id);
CREATE INDEX rate_imports_started ON rate_imports (tenant_id, started_at, id);
CREATE INDEX rate_imports_upload ON rate_imports (tenant_id, upload_id);
CREATE INDEX rate_imports_reading ON rate_imports (tenant_id) WHERE state = 'READING'; -- the worker's list
CALL protect('rate_imports');
CALL open_to_worker('rate_imports');

CREATE TABLE rate_rejects (
  tenant_id      text COLLATE "C" NOT NULL,
  id             text COLLATE "C" NOT NULL CHECK (id LIKE 'rrj\__%'),
  rate_import_id text COLLATE "C" NOT NULL,
  line           bigint NOT NULL,
  row            text NOT NULL,                 -- as it stood in the file
  findings       jsonb NOT NULL,                -- every reason
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, rate_import_id) REFERENCES rate_imports
);
CREATE INDEX rate_rejects_import ON rate_rejects (tenant_id, rate_import_id, line, id);
CALL protect('rate_rejects', 'SELECT, INSERT');

-- Something is wrong with a listing: who must put what right until when, and what follows if nobody does.
CREATE TABLE listing_flags (
  tenant_id       text COLLATE "C" NOT NULL,
  id              text COLLATE "C" NOT NULL CHECK (id LIKE 'flg\__%'),
  provider_id     text COLLATE "C" NOT NULL,
  service_id      text COLLATE "C" NOT NULL,
  lane_ids        text[] NOT NULL,              -- the lanes it is about; empty: the service as a whole
  cause           text NOT NULL,                -- a word of domain/listings.py
  state           text NOT NULL CHECK (state IN ('OPEN', 'CORRECTED', 'DISMISSED', 'ENFORCED')),
  findings        jsonb NOT NULL,
  rule_version_id text COLLATE "C" NOT NULL,    -- the version that found it
  consequence     text NOT NULL,                -- what follows from silence, a word of domain/listings.py
  violation       text,                         -- what it counts as, a word of domain/penalties.py
  decision_id     text COLLATE "C",             -- of its consequence
  reason          text,                         -- why staff dismissed it
  raised_at       timestamptz NOT NULL,
  due_at          timestamptz NOT NULL,         -- the last instant to put it right
  ended_at        timestamptz,
  version         integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state = 'OPEN') = (ended_at IS NULL)),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, service_id) REFERENCES services,
  FOREIGN KEY (tenant_id, rule_version_id) REFERENCES rule_versions,
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions
);
-- One standing flag for a cause.
CREATE UNIQUE INDEX listing_flags_once ON listing_flags (tenant_id, service_id, cause) WHERE state = 'OPEN';
CREATE INDEX listing_flags_service ON listing_flags (tenant_id, service_id, id);
CREATE INDEX listing_flags_provider ON listing_flags (tenant_id, provider_id, raised_at, id);
CREATE INDEX listing_flags_raised ON listing_flags (tenant_id, raised_at, id);
CREATE INDEX listing_flags_rule ON listing_flags (tenant_id, rule_version_id);
CREATE INDEX listing_flags_decision ON listing_flags (tenant_id, decision_id);
CALL protect('listing_flags');

-- What a booking was quoted beside what it was charged: bait rates show in these.
CREATE TABLE charge_checks (
  tenant_id     text COLLATE "C" NOT NULL,
  id            text COLLATE "C" NOT NULL CHECK (id LIKE 'chk\__%'),
  service_id    text COLLATE "C" NOT NULL,
  reference     text COLLATE "C" NOT NULL,      -- the booking
  quoted_minor  bigint NOT NULL CHECK (quoted_minor >= 0),
  charged_minor bigint NOT NULL CHECK (charged_minor >= 0),
  currency      char(3) NOT NULL,
  checked_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, service_id, reference),
  FOREIGN KEY (tenant_id, service_id) REFERENCES services
);
CREATE INDEX charge_checks_service ON charge_checks (tenant_id, service_id, checked_at, id);
CALL protect('charge_checks', 'SELECT, INSERT');
CALL make_append_only('charge_checks');
