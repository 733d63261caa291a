-- Places (UN/LOCODE) and service points.

-- Reference data, the same for every tenant. The rows below are a small set of our own, so that the marketplace works
-- without a download; `run import places` brings the whole of UN/LOCODE over it, as the owner of the tables.
CREATE TABLE places (
  country    char(2) NOT NULL,
  location   char(3) NOT NULL,
  unlocode   text COLLATE "C" NOT NULL GENERATED ALWAYS AS (country::text || location::text) STORED,
  name       text NOT NULL,
  ascii_name text NOT NULL,
  search     text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(ascii_name)) STORED, -- what a prefix of the name is compared with
  region     text COLLATE "C",                 -- ISO 3166-2: US-CA
  functions  text[] NOT NULL,                  -- words of domain/places.py
  status     text NOT NULL CHECK (length(status) = 2),
  latitude   integer CHECK (latitude BETWEEN -90000000 AND 90000000),     -- micro-degrees, north is positive
  longitude  integer CHECK (longitude BETWEEN -180000000 AND 180000000),  -- micro-degrees, east is positive
  source     text NOT NULL,                    -- 'shipped', or what the file called itself
  PRIMARY KEY (country, location),
  CHECK ((latitude IS NULL) = (longitude IS NULL))
);
CREATE UNIQUE INDEX places_unlocode ON places (unlocode);
CREATE INDEX places_name ON places (search, unlocode);
CREATE INDEX places_functions ON places USING gin (functions);
GRANT SELECT ON places TO {app}, {worker};

-- Other names of the same place, as UN/LOCODE lists them without a code of their own.
CREATE TABLE place_names (
  country    char(2) NOT NULL,
  ascii_name text NOT NULL,
  name       text NOT NULL,
  search     text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(ascii_name)) STORED,
  unlocode   text COLLATE "C" NOT NULL REFERENCES places (unlocode),
  source     text NOT NULL,
  PRIMARY KEY (country, ascii_name, unlocode)
);
CREATE INDEX place_names_unlocode ON place_names (unlocode);
CREATE INDEX place_names_name ON place_names (search, unlocode);
GRANT SELECT ON place_names TO {app}, {worker};

-- Metres between two points along the earth's surface (haversine, mean radius 6,371,008.8 m), rounded.
CREATE FUNCTION metres_between(latitude_a integer, longitude_a integer, latitude_b integer, longitude_b integer)
RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(2 * 6371008.8 * asin(least(1, sqrt(
  sin(radians((latitude_b - latitude_a) / 2e6::float8)) ^ 2
  + cos(radians(latitude_a / 1e6::float8)) * cos(radians(latitude_b / 1e6::float8))
    * sin(radians((longitude_b::bigint - longitude_a) / 2e6::float8)) ^ 2
))))::integer;

CREATE TABLE service_points (
  tenant_id           text COLLATE "C" NOT NULL,
  id                  text COLLATE "C" NOT NULL CHECK (id LIKE 'svp\__%'),
  provider_id         text COLLATE "C" NOT NULL,
  state               text NOT NULL CHECK (state IN ('PENDING', 'VERIFIED', 'ACTIVE', 'CHANGE_REPORTED', 'UNREACHABLE', 'WITHDRAWN')),
  name                text NOT NULL,
  country             char(2) NOT NULL,
  region              text COLLATE "C",
  locality            text NOT NULL,
  street              text NOT NULL,            -- of a business; who answers there is in personal_data
  postal_code         text COLLATE "C",
  latitude            integer NOT NULL CHECK (latitude BETWEEN -90000000 AND 90000000),
  longitude           integer NOT NULL CHECK (longitude BETWEEN -180000000 AND 180000000),
  services            text[] NOT NULL,
  engineers           integer NOT NULL CHECK (engineers >= 0),
  areas               text[] NOT NULL,          -- keys of areas that it covers
  radius_metres       integer CHECK (radius_metres > 0),
  zone                text NOT NULL,
  opening             text[] NOT NULL,
  cell                bigint NOT NULL,          -- domain/geography.py
  reach               smallint NOT NULL,        -- the ring that its radius lies in; 0: none
  contact_digest      text,
  change_kind         text CHECK (change_kind IN ('CHANGE', 'WITHDRAWAL')),
  change              jsonb,                    -- the details as they were reported to become
  change_reported_at  timestamptz,
  change_effective_at timestamptz,
  added_at            timestamptz NOT NULL,
  verified_at         timestamptz,
  activated_at        timestamptz,
  checked_at          timestamptz,
  check_due_at        timestamptz,
  overdue_since       timestamptz,
  unreachable_since   timestamptz,
  unreachable_reason  text,
  withdrawn_at        timestamptz,
  liable_until        timestamptz,
  decision_id         text COLLATE "C",         -- why its provider stays liable
  version             integer NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CHECK ((state = 'WITHDRAWN') = (withdrawn_at IS NOT NULL)),
  CHECK (num_nulls(change_kind, change_reported_at, change_effective_at) IN (0, 3)),
  CHECK ((change IS NOT NULL) <= (change_kind = 'CHANGE')),
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers,
  FOREIGN KEY (tenant_id, decision_id) REFERENCES decisions
);
CREATE INDEX service_points_provider ON service_points (tenant_id, provider_id, id);
CREATE INDEX service_points_decision ON service_points (tenant_id, decision_id);
CREATE INDEX service_points_state ON service_points (tenant_id, state, id);
CREATE INDEX service_points_country ON service_points (tenant_id, country, id);
CALL protect('service_points');

-- What findable points are found by: one row per point and service, one per point, service and area. Kept by the
-- trigger below, so that no writer can forget them. All comparisons are of text and whole numbers: leakproof.
CREATE TABLE service_point_cells (
  tenant_id        text COLLATE "C" NOT NULL,
  service_point_id text COLLATE "C" NOT NULL,
  service          text COLLATE "C" NOT NULL,
  provider_id      text COLLATE "C" NOT NULL,
  country          char(2) NOT NULL,
  cell             bigint NOT NULL,
  latitude         integer NOT NULL,
  longitude        integer NOT NULL,
  reach            smallint NOT NULL,
  radius_metres    integer,
  PRIMARY KEY (tenant_id, service_point_id, service),
  FOREIGN KEY (tenant_id, service_point_id) REFERENCES service_points,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CREATE INDEX service_point_cells_near ON service_point_cells (tenant_id, service, cell);
CREATE INDEX service_point_cells_reach ON service_point_cells (tenant_id, service, reach, cell);
CREATE INDEX service_point_cells_provider ON service_point_cells (tenant_id, provider_id);
CALL protect('service_point_cells', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE service_point_areas (
  tenant_id        text COLLATE "C" NOT NULL,
  service          text COLLATE "C" NOT NULL,
  area_key         text COLLATE "C" NOT NULL,
  service_point_id text COLLATE "C" NOT NULL,
  provider_id      text COLLATE "C" NOT NULL,
  country          char(2) NOT NULL,
  latitude         integer NOT NULL,
  longitude        integer NOT NULL,
  PRIMARY KEY (tenant_id, service, area_key, service_point_id),
  FOREIGN KEY (tenant_id, service_point_id) REFERENCES service_points,
  FOREIGN KEY (tenant_id, provider_id) REFERENCES providers
);
CREATE INDEX service_point_areas_point ON service_point_areas (tenant_id, service_point_id);
CREATE INDEX service_point_areas_provider ON service_point_areas (tenant_id, provider_id);
CALL protect('service_point_areas', 'SELECT, INSERT, UPDATE, DELETE');

CREATE FUNCTION find_service_point() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  findable constant text[] := ARRAY['ACTIVE', 'CHANGE_REPORTED'];
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (OLD.state = ANY (findable)) = (NEW.state = ANY (findable))
       AND (OLD.cell, OLD.reach, OLD.latitude, OLD.longitude, OLD.radius_metres, OLD.services, OLD.areas, OLD.country)
         IS NOT DISTINCT FROM (NEW.cell, NEW.reach, NEW.latitude, NEW.longitude, NEW.radius_metres, NEW.services, NEW.areas, NEW.country)
    THEN
      RETURN NULL;
    END IF;
    DELETE FROM service_point_cells c WHERE c.tenant_id = NEW.tenant_id AND c.service_point_id = NEW.id;
    DELETE FROM service_point_areas a WHERE a.tenant_id = NEW.tenant_id AND a.service_point_id = NEW.id;
  END IF;
  IF NEW.state = ANY (findable) THEN
    INSERT INTO service_point_cells (tenant_id, service_point_id, service, provider_id, country, cell, latitude, longitude, reach, radius_metres)
      SELECT NEW.tenant_id, NEW.id, s, NEW.provider_id, NEW.country, NEW.cell, NEW.latitude, NEW.longitude, NEW.reach, NEW.radius_metres
      FROM unnest(NEW.services) s;
    INSERT INTO service_point_areas (tenant_id, service, area_key, service_point_id, provider_id, country, latitude, longitude)
      SELECT NEW.tenant_id, s, a, NEW.id, NEW.provider_id, NEW.country, NEW.latitude, NEW.longitude
      FROM unnest(NEW.services) s CROSS JOIN unnest(NEW.areas) a;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER found AFTER INSERT OR UPDATE ON service_points FOR EACH ROW EXECUTE FUNCTION find_service_point();

-- What was open when a point went without a word: claims under these covers find the liable provider here.
CREATE TABLE service_point_commitments (
  tenant_id        text COLLATE "C" NOT NULL,
  service_point_id text COLLATE "C" NOT NULL,
  coverage_id      text COLLATE "C" NOT NULL,
  closes_at        timestamptz,
  PRIMARY KEY (tenant_id, service_point_id, coverage_id),
  FOREIGN KEY (tenant_id, service_point_id) REFERENCES service_points,
  FOREIGN KEY (tenant_id, coverage_id) REFERENCES coverages
);
CREATE INDEX service_point_commitments_coverage ON service_point_commitments (tenant_id, coverage_id);
CALL protect('service_point_commitments', 'SELECT, INSERT');
CALL make_append_only('service_point_commitments');

INSERT INTO places (country, location, name, ascii_name, region, functions, latitude, longitude, status, source)
SELECT v.country, v.location, v.name, v.ascii_name, v.region, v.functions::text[], v.latitude, v.longitude, 'RL', 'shipped'
FROM (VALUES
  ('AE', 'AUH', 'Abu Dhabi', 'Abu Dhabi', 'AE-AZ', '{PORT,ROAD,AIRPORT,POSTAL}', 24466667, 54366667),
  ('AE', 'DXB', 'Dubai', 'Dubai', 'AE-DU', '{PORT,ROAD,AIRPORT,POSTAL}', 25266667, 55300000),
  ('AE', 'JEA', 'Jebel Ali', 'Jebel Ali', 'AE-DU', '{PORT,ROAD}', 25000000, 55066667),
  ('AR', 'BUE', 'Buenos Aires', 'Buenos Aires', 'AR-C', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', -34600000, -58366667),
  ('AT', 'VIE', 'Wien', 'Wien', 'AT-9', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 48216667, 16366667),
  ('AU', 'ADL', 'Adelaide', 'Adelaide', 'AU-SA', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', -34933333, 138600000),
  ('AU', 'BNE', 'Brisbane', 'Brisbane', 'AU-QLD', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', -27466667, 153033333),
  ('AU', 'FRE', 'Fremantle', 'Fremantle', 'AU-WA', '{PORT,RAIL,ROAD}', -32050000, 115733333),
  ('AU', 'MEL', 'Melbourne', 'Melbourne', 'AU-VIC', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', -37816667, 144966667),
  ('AU', 'PER', 'Perth', 'Perth', 'AU-WA', '{RAIL,ROAD,AIRPORT,POSTAL}', -31950000, 115850000),
  ('AU', 'SYD', 'Sydney', 'Sydney', 'AU-NSW', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', -33866667, 151216667),
  ('BD', 'CGP', 'Chattogram', 'Chattogram', 'BD-B', '{PORT,RAIL,ROAD,AIRPORT}', 22333333, 91833333),
  ('BD', 'DAC', 'Dhaka', 'Dhaka', 'BD-C', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 23716667, 90416667),
  ('BE', 'ANR', 'Antwerpen', 'Antwerpen', 'BE-VAN', '{PORT,RAIL,ROAD,MULTIMODAL}', 51216667, 4400000),
  ('BE', 'BRU', 'Brussel (Bruxelles)', 'Brussel (Bruxelles)', 'BE-BRU', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 50850000, 4350000),
  ('BE', 'LGG', 'Liège', 'Liege', 'BE-WLG', '{PORT,RAIL,ROAD,AIRPORT}', 50633333, 5566667),
  ('BE', 'ZEE', 'Zeebrugge', 'Zeebrugge', 'BE-VWV', '{PORT,RAIL,ROAD}', 51333333, 3200000),
  ('BR', 'SSZ', 'Santos', 'Santos', 'BR-SP', '{PORT,RAIL,ROAD,AIRPORT}', -23950000, -46333333),
  ('BR', 'SAO', 'São Paulo', 'Sao Paulo', 'BR-SP', '{RAIL,ROAD,AIRPORT,POSTAL}', -23550000, -46633333),
  ('BR', 'VCP', 'Campinas', 'Campinas', 'BR-SP', '{RAIL,ROAD,AIRPORT,MULTIMODAL}', -22900000, -47066667),
  ('CA', 'HAL', 'Halifax', 'Halifax', 'CA-NS', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 44650000, -63566667),
  ('CA', 'MTR', 'Montréal', 'Montreal', 'CA-QC', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 45500000, -73566667),
  ('CA', 'PRR', 'Prince Rupert', 'Prince Rupert', 'CA-BC', '{PORT,RAIL,ROAD,AIRPORT}', 54316667, -130316667),
  ('CA', 'TOR', 'Toronto', 'Toronto', 'CA-ON', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 43650000, -79383333),
  ('CA', 'VAN', 'Vancouver', 'Vancouver', 'CA-BC', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 49266667, -123116667),
  ('CH', 'BSL', 'Basel', 'Basel', 'CH-BS', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 47550000, 7583333),
  ('CH', 'ZRH', 'Zürich', 'Zurich', 'CH-ZH', '{RAIL,ROAD,AIRPORT,POSTAL}', 47366667, 8533333),
  ('CL', 'SAI', 'San Antonio', 'San Antonio', 'CL-VS', '{PORT,RAIL,ROAD}', -33583333, -71616667),
  ('CL', 'SCL', 'Santiago', 'Santiago', 'CL-RM', '{RAIL,ROAD,AIRPORT,POSTAL}', -33450000, -70666667),
  ('CL', 'VAP', 'Valparaíso', 'Valparaiso', 'CL-VS', '{PORT,RAIL,ROAD,AIRPORT}', -33033333, -71633333),
  ('CN', 'BJS', 'Beijing', 'Beijing', 'CN-BJ', '{RAIL,ROAD,AIRPORT,POSTAL,MULTIMODAL}', 39900000, 116400000),
  ('CN', 'CAN', 'Guangzhou', 'Guangzhou', 'CN-GD', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 23133333, 113266667),
  ('CN', 'CKG', 'Chongqing', 'Chongqing', 'CN-CQ', '{PORT,RAIL,ROAD,AIRPORT,POSTAL,MULTIMODAL}', 29566667, 106550000),
  ('CN', 'CTU', 'Chengdu', 'Chengdu', 'CN-SC', '{RAIL,ROAD,AIRPORT,POSTAL,MULTIMODAL}', 30666667, 104066667),
  ('CN', 'DLC', 'Dalian', 'Dalian', 'CN-LN', '{PORT,RAIL,ROAD,AIRPORT}', 38916667, 121633333),
  ('CN', 'FOC', 'Fuzhou', 'Fuzhou', 'CN-FJ', '{PORT,RAIL,ROAD,AIRPORT}', 26083333, 119300000),
  ('CN', 'HGH', 'Hangzhou', 'Hangzhou', 'CN-ZJ', '{RAIL,ROAD,AIRPORT,POSTAL}', 30266667, 120150000),
  ('CN', 'NGB', 'Ningbo', 'Ningbo', 'CN-ZJ', '{PORT,RAIL,ROAD,AIRPORT}', 29866667, 121550000),
  ('CN', 'NKG', 'Nanjing', 'Nanjing', 'CN-JS', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 32050000, 118783333),
  ('CN', 'NSA', 'Nansha', 'Nansha', 'CN-GD', '{PORT,ROAD}', 22750000, 113566667),
  ('CN', 'SHA', 'Shanghai', 'Shanghai', 'CN-SH', '{PORT,RAIL,ROAD,AIRPORT,POSTAL,MULTIMODAL}', 31233333, 121483333),
  ('CN', 'SHK', 'Shekou', 'Shekou', 'CN-GD', '{PORT,ROAD}', 22483333, 113900000),
  ('CN', 'SZX', 'Shenzhen', 'Shenzhen', 'CN-GD', '{PORT,RAIL,ROAD,AIRPORT,POSTAL,MULTIMODAL}', 22550000, 114100000),
  ('CN', 'TAO', 'Qingdao', 'Qingdao', 'CN-SD', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 36066667, 120383333),
  ('CN', 'TSN', 'Tianjin', 'Tianjin', 'CN-TJ', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 39133333, 117183333),
  ('CN', 'TXG', 'Xingang', 'Xingang', 'CN-TJ', '{PORT,RAIL,ROAD}', 38983333, 117733333),
  ('CN', 'WUH', 'Wuhan', 'Wuhan', 'CN-HB', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 30600000, 114283333),
  ('CN', 'XIY', 'Xi''an', 'Xi''an', 'CN-SN', '{RAIL,ROAD,AIRPORT,POSTAL,MULTIMODAL}', 34266667, 108933333),
  ('CN', 'XMN', 'Xiamen', 'Xiamen', 'CN-FJ', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 24483333, 118066667),
  ('CN', 'YIW', 'Yiwu', 'Yiwu', 'CN-ZJ', '{RAIL,ROAD,AIRPORT,MULTIMODAL}', 29300000, 120066667),
  ('CN', 'YTN', 'Yantian', 'Yantian', 'CN-GD', '{PORT,RAIL,ROAD}', 22583333, 114266667),
  ('CO', 'BOG', 'Bogotá', 'Bogota', 'CO-DC', '{ROAD,AIRPORT,POSTAL}', 4600000, -74083333),
  ('CO', 'BUN', 'Buenaventura', 'Buenaventura', 'CO-VAC', '{PORT,RAIL,ROAD}', 3883333, -77033333),
  ('CO', 'CTG', 'Cartagena', 'Cartagena', 'CO-BOL', '{PORT,ROAD,AIRPORT}', 10400000, -75500000),
  ('CZ', 'PRG', 'Praha', 'Praha', 'CZ-10', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 50083333, 14416667),
  ('DE', 'BER', 'Berlin', 'Berlin', 'DE-BE', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 52516667, 13400000),
  ('DE', 'BRE', 'Bremen', 'Bremen', 'DE-HB', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 53083333, 8800000),
  ('DE', 'BRV', 'Bremerhaven', 'Bremerhaven', 'DE-HB', '{PORT,RAIL,ROAD}', 53550000, 8583333),
  ('DE', 'CGN', 'Köln', 'Koln', 'DE-NW', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 50933333, 6950000),
  ('DE', 'DUI', 'Duisburg', 'Duisburg', 'DE-NW', '{PORT,RAIL,ROAD,MULTIMODAL}', 51433333, 6750000),
  ('DE', 'FRA', 'Frankfurt am Main', 'Frankfurt am Main', 'DE-HE', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 50116667, 8683333),
  ('DE', 'HAM', 'Hamburg', 'Hamburg', 'DE-HH', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 53550000, 9983333),
  ('DE', 'LEJ', 'Leipzig', 'Leipzig', 'DE-SN', '{RAIL,ROAD,AIRPORT,POSTAL}', 51333333, 12366667),
  ('DE', 'MUC', 'München', 'Munchen', 'DE-BY', '{RAIL,ROAD,AIRPORT,POSTAL}', 48133333, 11566667),
  ('DE', 'STR', 'Stuttgart', 'Stuttgart', 'DE-BW', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 48766667, 9183333),
  ('DE', 'WVN', 'Wilhelmshaven', 'Wilhelmshaven', 'DE-NI', '{PORT,RAIL,ROAD}', 53516667, 8133333),
  ('DK', 'AAR', 'Aarhus', 'Aarhus', 'DK-82', '{PORT,RAIL,ROAD,AIRPORT}', 56150000, 10216667),
  ('DK', 'CPH', 'København', 'Kobenhavn', 'DK-84', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 55666667, 12583333),
  ('EG', 'ALY', 'Alexandria', 'Alexandria', 'EG-ALX', '{PORT,RAIL,ROAD,AIRPORT}', 31200000, 29916667),
  ('EG', 'PSD', 'Port Said', 'Port Said', 'EG-PTS', '{PORT,RAIL,ROAD}', 31266667, 32300000),
  ('ES', 'ALG', 'Algeciras', 'Algeciras', 'ES-CA', '{PORT,RAIL,ROAD}', 36133333, -5450000),
  ('ES', 'BCN', 'Barcelona', 'Barcelona', 'ES-CT', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 41383333, 2183333),
  ('ES', 'BIO', 'Bilbao', 'Bilbao', 'ES-PV', '{PORT,RAIL,ROAD,AIRPORT}', 43266667, -2933333),
  ('ES', 'MAD', 'Madrid', 'Madrid', 'ES-MD', '{RAIL,ROAD,AIRPORT,POSTAL}', 40416667, -3700000),
  ('ES', 'VLC', 'Valencia', 'Valencia', 'ES-VC', '{PORT,RAIL,ROAD,AIRPORT}', 39466667, -366667),
  ('FI', 'HEL', 'Helsinki (Helsingfors)', 'Helsinki (Helsingfors)', 'FI-18', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 60166667, 24933333),
  ('FR', 'FOS', 'Fos-sur-Mer', 'Fos-sur-Mer', 'FR-13', '{PORT,RAIL,ROAD}', 43433333, 4950000),
  ('FR', 'LEH', 'Le Havre', 'Le Havre', 'FR-76', '{PORT,RAIL,ROAD,AIRPORT}', 49500000, 100000),
  ('FR', 'LYS', 'Lyon', 'Lyon', 'FR-69M', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 45766667, 4833333),
  ('FR', 'MRS', 'Marseille', 'Marseille', 'FR-13', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 43300000, 5366667),
  ('FR', 'PAR', 'Paris', 'Paris', 'FR-75C', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 48866667, 2333333),
  ('GB', 'BHM', 'Birmingham', 'Birmingham', 'GB-BIR', '{RAIL,ROAD,AIRPORT,POSTAL}', 52466667, -1866667),
  ('GB', 'FXT', 'Felixstowe', 'Felixstowe', 'GB-SFK', '{PORT,RAIL,ROAD}', 51966667, 1350000),
  ('GB', 'GLW', 'Glasgow', 'Glasgow', 'GB-GLG', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 55866667, -4250000),
  ('GB', 'LGP', 'London Gateway', 'London Gateway', 'GB-THR', '{PORT,RAIL,ROAD}', 51500000, 466667),
  ('GB', 'LIV', 'Liverpool', 'Liverpool', 'GB-LIV', '{PORT,RAIL,ROAD,AIRPORT}', 53416667, -3000000),
  ('GB', 'LON', 'London', 'London', 'GB-LND', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 51500000, -116667),
  ('GB', 'MAN', 'Manchester', 'Manchester', 'GB-MAN', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 53483333, -2250000),
  ('GB', 'SOU', 'Southampton', 'Southampton', 'GB-STH', '{PORT,RAIL,ROAD,AIRPORT}', 50900000, -1400000),
  ('GR', 'PIR', 'Peiraias', 'Peiraias', 'GR-I', '{PORT,RAIL,ROAD}', 37950000, 23633333),
  ('GR', 'SKG', 'Thessaloniki', 'Thessaloniki', 'GR-B', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 40633333, 22933333),
  ('HK', 'HKG', 'Hong Kong', 'Hong Kong', NULL, '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 22300000, 114166667),
  ('HU', 'BUD', 'Budapest', 'Budapest', 'HU-BU', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 47500000, 19033333),
  ('ID', 'JKT', 'Jakarta', 'Jakarta', 'ID-JK', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', -6166667, 106833333),
  ('ID', 'SUB', 'Surabaya', 'Surabaya', 'ID-JI', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', -7250000, 112750000),
  ('IE', 'DUB', 'Dublin', 'Dublin', 'IE-D', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 53350000, -6266667),
  ('IL', 'ASH', 'Ashdod', 'Ashdod', 'IL-M', '{PORT,RAIL,ROAD}', 31816667, 34650000),
  ('IL', 'HFA', 'Haifa', 'Haifa', 'IL-HA', '{PORT,RAIL,ROAD,AIRPORT}', 32816667, 35000000),
  ('IN', 'BLR', 'Bengaluru', 'Bengaluru', 'IN-KA', '{RAIL,ROAD,AIRPORT,POSTAL,MULTIMODAL}', 12966667, 77583333),
  ('IN', 'BOM', 'Mumbai', 'Mumbai', 'IN-MH', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 18950000, 72833333),
  ('IN', 'DEL', 'Delhi', 'Delhi', 'IN-DL', '{RAIL,ROAD,AIRPORT,POSTAL,MULTIMODAL}', 28666667, 77216667),
  ('IN', 'MAA', 'Chennai', 'Chennai', 'IN-TN', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 13083333, 80283333),
  ('IN', 'MUN', 'Mundra', 'Mundra', 'IN-GJ', '{PORT,RAIL,ROAD}', 22833333, 69700000),
  ('IN', 'NSA', 'Jawaharlal Nehru (Nhava Sheva)', 'Jawaharlal Nehru (Nhava Sheva)', 'IN-MH', '{PORT,RAIL,ROAD}', 18950000, 72950000),
  ('IT', 'GOA', 'Genova', 'Genova', 'IT-GE', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 44400000, 8950000),
  ('IT', 'MIL', 'Milano', 'Milano', 'IT-MI', '{RAIL,ROAD,AIRPORT,POSTAL}', 45466667, 9200000),
  ('IT', 'SPE', 'La Spezia', 'La Spezia', 'IT-SP', '{PORT,RAIL,ROAD}', 44100000, 9816667),
  ('IT', 'TRS', 'Trieste', 'Trieste', 'IT-TS', '{PORT,RAIL,ROAD,AIRPORT}', 45650000, 13766667),
  ('JP', 'KIX', 'Kansai International Airport', 'Kansai International Airport', 'JP-27', '{AIRPORT}', 34433333, 135233333),
  ('JP', 'NGO', 'Nagoya', 'Nagoya', 'JP-23', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 35166667, 136916667),
  ('JP', 'OSA', 'Osaka', 'Osaka', 'JP-27', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 34700000, 135500000),
  ('JP', 'TYO', 'Tokyo', 'Tokyo', 'JP-13', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 35683333, 139766667),
  ('JP', 'UKB', 'Kobe', 'Kobe', 'JP-28', '{PORT,RAIL,ROAD,AIRPORT}', 34683333, 135183333),
  ('JP', 'YOK', 'Yokohama', 'Yokohama', 'JP-14', '{PORT,RAIL,ROAD}', 35450000, 139650000),
  ('KE', 'MBA', 'Mombasa', 'Mombasa', 'KE-28', '{PORT,RAIL,ROAD,AIRPORT}', -4050000, 39666667),
  ('KE', 'NBO', 'Nairobi', 'Nairobi', 'KE-30', '{RAIL,ROAD,AIRPORT,POSTAL}', -1283333, 36816667),
  ('KR', 'ICN', 'Incheon International Airport', 'Incheon International Airport', 'KR-28', '{AIRPORT}', 37466667, 126450000),
  ('KR', 'INC', 'Incheon', 'Incheon', 'KR-28', '{PORT,RAIL,ROAD}', 37450000, 126633333),
  ('KR', 'PUS', 'Busan', 'Busan', 'KR-26', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 35100000, 129033333),
  ('KR', 'SEL', 'Seoul', 'Seoul', 'KR-11', '{RAIL,ROAD,AIRPORT,POSTAL}', 37566667, 126983333),
  ('KZ', 'ALA', 'Almaty', 'Almaty', 'KZ-75', '{RAIL,ROAD,AIRPORT,POSTAL,MULTIMODAL}', 43250000, 76933333),
  ('LK', 'CMB', 'Colombo', 'Colombo', 'LK-1', '{PORT,RAIL,ROAD,AIRPORT}', 6933333, 79850000),
  ('MA', 'CAS', 'Casablanca', 'Casablanca', 'MA-CAS', '{PORT,RAIL,ROAD,AIRPORT}', 33600000, -7616667),
  ('MA', 'PTM', 'Tanger Med', 'Tanger Med', 'MA-TNG', '{PORT,RAIL,ROAD}', 35883333, -5500000),
  ('MX', 'LZC', 'Lázaro Cárdenas', 'Lazaro Cardenas', 'MX-MIC', '{PORT,RAIL,ROAD}', 17950000, -102200000),
  ('MX', 'MEX', 'Ciudad de México', 'Ciudad de Mexico', 'MX-CMX', '{RAIL,ROAD,AIRPORT,POSTAL}', 19433333, -99133333),
  ('MX', 'MTY', 'Monterrey', 'Monterrey', 'MX-NLE', '{RAIL,ROAD,AIRPORT,POSTAL}', 25666667, -100316667),
  ('MX', 'NLD', 'Nuevo Laredo', 'Nuevo Laredo', 'MX-TAM', '{RAIL,ROAD,AIRPORT,BORDER}', 27500000, -99500000),
  ('MX', 'VER', 'Veracruz', 'Veracruz', 'MX-VER', '{PORT,RAIL,ROAD,AIRPORT}', 19200000, -96133333),
  ('MX', 'ZLO', 'Manzanillo', 'Manzanillo', 'MX-COL', '{PORT,RAIL,ROAD,AIRPORT}', 19050000, -104316667),
  ('MY', 'PEN', 'Pulau Pinang (Georgetown)', 'Pulau Pinang (Georgetown)', 'MY-07', '{PORT,RAIL,ROAD,AIRPORT}', 5416667, 100333333),
  ('MY', 'PKG', 'Port Klang', 'Port Klang', 'MY-10', '{PORT,RAIL,ROAD}', 3000000, 101400000),
  ('MY', 'KUL', 'Kuala Lumpur', 'Kuala Lumpur', 'MY-14', '{RAIL,ROAD,AIRPORT,POSTAL}', 3150000, 101700000),
  ('MY', 'TPP', 'Tanjung Pelepas', 'Tanjung Pelepas', 'MY-01', '{PORT,RAIL,ROAD}', 1366667, 103550000),
  ('NG', 'APP', 'Apapa', 'Apapa', 'NG-LA', '{PORT,RAIL,ROAD}', 6450000, 3366667),
  ('NG', 'LOS', 'Lagos', 'Lagos', 'NG-LA', '{PORT,RAIL,ROAD,AIRPORT}', 6450000, 3400000),
  ('NL', 'AMS', 'Amsterdam', 'Amsterdam', 'NL-NH', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 52366667, 4900000),
  ('NL', 'RTM', 'Rotterdam', 'Rotterdam', 'NL-ZH', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 51916667, 4500000),
  ('NL', 'VEN', 'Venlo', 'Venlo', 'NL-LI', '{PORT,RAIL,ROAD,MULTIMODAL}', 51366667, 6166667),
  ('NO', 'OSL', 'Oslo', 'Oslo', 'NO-03', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 59916667, 10750000),
  ('NZ', 'AKL', 'Auckland', 'Auckland', 'NZ-AUK', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', -36850000, 174766667),
  ('OM', 'SLL', 'Salalah', 'Salalah', 'OM-ZU', '{PORT,ROAD,AIRPORT}', 17016667, 54100000),
  ('PA', 'BLB', 'Balboa', 'Balboa', 'PA-8', '{PORT,RAIL,ROAD}', 8950000, -79566667),
  ('PA', 'MIT', 'Manzanillo (Colón)', 'Manzanillo (Colon)', 'PA-3', '{PORT,RAIL,ROAD}', 9366667, -79883333),
  ('PE', 'CLL', 'Callao', 'Callao', 'PE-CAL', '{PORT,RAIL,ROAD,AIRPORT}', -12066667, -77150000),
  ('PH', 'MNL', 'Manila', 'Manila', 'PH-00', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 14583333, 120983333),
  ('PK', 'KHI', 'Karachi', 'Karachi', 'PK-SD', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 24866667, 67050000),
  ('PL', 'GDN', 'Gdańsk', 'Gdansk', 'PL-22', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 54350000, 18666667),
  ('PL', 'GDY', 'Gdynia', 'Gdynia', 'PL-22', '{PORT,RAIL,ROAD}', 54516667, 18550000),
  ('PL', 'WAW', 'Warszawa', 'Warszawa', 'PL-14', '{RAIL,ROAD,AIRPORT,POSTAL}', 52250000, 21000000),
  ('PT', 'LIS', 'Lisboa', 'Lisboa', 'PT-11', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 38716667, -9133333),
  ('PT', 'SIE', 'Sines', 'Sines', 'PT-15', '{PORT,RAIL,ROAD}', 37950000, -8866667),
  ('RO', 'CND', 'Constanța', 'Constanta', 'RO-CT', '{PORT,RAIL,ROAD,AIRPORT}', 44183333, 28650000),
  ('SA', 'DMM', 'Ad Dammam', 'Ad Dammam', 'SA-04', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 26433333, 50100000),
  ('SA', 'JED', 'Jiddah', 'Jiddah', 'SA-02', '{PORT,ROAD,AIRPORT,POSTAL}', 21533333, 39166667),
  ('SA', 'RUH', 'Ar Riyad', 'Ar Riyad', 'SA-01', '{RAIL,ROAD,AIRPORT,POSTAL,MULTIMODAL}', 24633333, 46716667),
  ('SE', 'GOT', 'Göteborg', 'Goteborg', 'SE-O', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 57716667, 11966667),
  ('SE', 'STO', 'Stockholm', 'Stockholm', 'SE-AB', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 59333333, 18050000),
  ('SG', 'SIN', 'Singapore', 'Singapore', NULL, '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 1283333, 103850000),
  ('SI', 'KOP', 'Koper', 'Koper', 'SI-050', '{PORT,RAIL,ROAD}', 45550000, 13733333),
  ('TH', 'BKK', 'Bangkok', 'Bangkok', 'TH-10', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 13750000, 100516667),
  ('TH', 'LCH', 'Laem Chabang', 'Laem Chabang', 'TH-20', '{PORT,RAIL,ROAD}', 13083333, 100883333),
  ('TR', 'AMR', 'Ambarlı', 'Ambarli', 'TR-34', '{PORT,ROAD}', 40966667, 28683333),
  ('TR', 'IST', 'İstanbul', 'Istanbul', 'TR-34', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 41016667, 28966667),
  ('TR', 'IZM', 'İzmir', 'Izmir', 'TR-35', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 38416667, 27133333),
  ('TR', 'MER', 'Mersin', 'Mersin', 'TR-33', '{PORT,RAIL,ROAD}', 36800000, 34633333),
  ('TW', 'KHH', 'Kaohsiung', 'Kaohsiung', 'TW-KHH', '{PORT,RAIL,ROAD,AIRPORT}', 22616667, 120283333),
  ('TW', 'TPE', 'Taipei', 'Taipei', 'TW-TPE', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 25050000, 121500000),
  ('TZ', 'DAR', 'Dar es Salaam', 'Dar es Salaam', 'TZ-02', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', -6816667, 39283333),
  ('UA', 'ODS', 'Odesa', 'Odesa', 'UA-51', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 46466667, 30733333),
  ('US', 'ATL', 'Atlanta', 'Atlanta', 'US-GA', '{RAIL,ROAD,AIRPORT,POSTAL}', 33750000, -84383333),
  ('US', 'BAL', 'Baltimore', 'Baltimore', 'US-MD', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 39283333, -76616667),
  ('US', 'CHI', 'Chicago', 'Chicago', 'US-IL', '{PORT,RAIL,ROAD,AIRPORT,POSTAL,MULTIMODAL}', 41850000, -87650000),
  ('US', 'CHS', 'Charleston', 'Charleston', 'US-SC', '{PORT,RAIL,ROAD,AIRPORT}', 32783333, -79933333),
  ('US', 'DAL', 'Dallas', 'Dallas', 'US-TX', '{RAIL,ROAD,AIRPORT,POSTAL}', 32783333, -96800000),
  ('US', 'DFW', 'Dallas-Fort Worth International Airport', 'Dallas-Fort Worth International Airport', 'US-TX', '{AIRPORT}', 32900000, -97033333),
  ('US', 'ELP', 'El Paso', 'El Paso', 'US-TX', '{RAIL,ROAD,AIRPORT,POSTAL,BORDER}', 31750000, -106483333),
  ('US', 'HOU', 'Houston', 'Houston', 'US-TX', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 29766667, -95366667),
  ('US', 'JFK', 'John F. Kennedy Apt/New York', 'John F. Kennedy Apt/New York', 'US-NY', '{AIRPORT}', 40633333, -73783333),
  ('US', 'LAX', 'Los Angeles', 'Los Angeles', 'US-CA', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 34050000, -118250000),
  ('US', 'LGB', 'Long Beach', 'Long Beach', 'US-CA', '{PORT,RAIL,ROAD,AIRPORT}', 33766667, -118183333),
  ('US', 'LRD', 'Laredo', 'Laredo', 'US-TX', '{RAIL,ROAD,AIRPORT,POSTAL,BORDER}', 27500000, -99500000),
  ('US', 'MEM', 'Memphis', 'Memphis', 'US-TN', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 35150000, -90050000),
  ('US', 'MIA', 'Miami', 'Miami', 'US-FL', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 25783333, -80200000),
  ('US', 'NYC', 'New York', 'New York', 'US-NY', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 40716667, -74000000),
  ('US', 'OAK', 'Oakland', 'Oakland', 'US-CA', '{PORT,RAIL,ROAD,AIRPORT}', 37800000, -122266667),
  ('US', 'ORF', 'Norfolk', 'Norfolk', 'US-VA', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 36850000, -76283333),
  ('US', 'PHL', 'Philadelphia', 'Philadelphia', 'US-PA', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 39950000, -75166667),
  ('US', 'SAV', 'Savannah', 'Savannah', 'US-GA', '{PORT,RAIL,ROAD,AIRPORT}', 32083333, -81100000),
  ('US', 'SDF', 'Louisville', 'Louisville', 'US-KY', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 38250000, -85766667),
  ('US', 'SEA', 'Seattle', 'Seattle', 'US-WA', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 47600000, -122333333),
  ('US', 'SFO', 'San Francisco', 'San Francisco', 'US-CA', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 37783333, -122416667),
  ('US', 'TIW', 'Tacoma', 'Tacoma', 'US-WA', '{PORT,RAIL,ROAD,AIRPORT}', 47250000, -122450000),
  ('UY', 'MVD', 'Montevideo', 'Montevideo', 'UY-MO', '{PORT,RAIL,ROAD,AIRPORT}', -34900000, -56183333),
  ('UZ', 'TAS', 'Toshkent', 'Toshkent', 'UZ-TK', '{RAIL,ROAD,AIRPORT,POSTAL}', 41316667, 69250000),
  ('VN', 'DAD', 'Da Nang', 'Da Nang', 'VN-DN', '{PORT,RAIL,ROAD,AIRPORT}', 16066667, 108216667),
  ('VN', 'HAN', 'Ha Noi', 'Ha Noi', 'VN-HN', '{RAIL,ROAD,AIRPORT,POSTAL}', 21033333, 105850000),
  ('VN', 'HPH', 'Haiphong', 'Haiphong', 'VN-HP', '{PORT,RAIL,ROAD}', 20850000, 106683333),
  ('VN', 'SGN', 'Ho Chi Minh City', 'Ho Chi Minh City', 'VN-SG', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', 10766667, 106700000),
  ('ZA', 'CPT', 'Cape Town', 'Cape Town', 'ZA-WC', '{PORT,RAIL,ROAD,AIRPORT,POSTAL}', -33916667, 18433333),
  ('ZA', 'DUR', 'Durban', 'Durban', 'ZA-KZN', '{PORT,RAIL,ROAD,AIRPORT}', -29866667, 31016667),
  ('ZA', 'JNB', 'Johannesburg', 'Johannesburg', 'ZA-GP', '{RAIL,ROAD,AIRPORT,POSTAL,MULTIMODAL}', -26200000, 28050000)
) AS v (country, location, name, ascii_name, region, functions, latitude, longitude);
