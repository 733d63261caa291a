-- Which rule's clocks govern the claims of a marketplace that are opened from now on.
ALTER TABLE tenants ADD COLUMN claim_profile text NOT NULL DEFAULT 'clocks/b2b_default';
