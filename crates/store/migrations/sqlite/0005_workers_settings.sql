-- What an account has set for all of its Workers; kept and given back.

ALTER TABLE accounts ADD COLUMN default_usage_model TEXT NOT NULL DEFAULT 'standard';
ALTER TABLE accounts ADD COLUMN green_compute INTEGER NOT NULL DEFAULT 0;
