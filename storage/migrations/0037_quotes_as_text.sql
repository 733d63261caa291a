-- What a quote's lines, promise and lateness rest on is written once and only ever read as a whole: text that is JSON, so
-- that it is neither taken apart when it is written nor put together when it is read.
ALTER TABLE quotes
  ALTER COLUMN charges TYPE text,
  ALTER COLUMN promise TYPE text,
  ALTER COLUMN lateness TYPE text,
  ALTER COLUMN benefits DROP DEFAULT,
  ALTER COLUMN benefits TYPE text,
  ALTER COLUMN demotion TYPE text,
  ADD CHECK (charges IS JSON ARRAY AND benefits IS JSON ARRAY AND promise IS JSON OBJECT AND lateness IS JSON OBJECT),
  ADD CHECK (demotion IS JSON OBJECT);
