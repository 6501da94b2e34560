-- From schema 1 to 2. What version 1 measured, it measured by the host's clock.
ALTER TABLE measurements ADD COLUMN
    clock           TEXT NOT NULL DEFAULT 'host' CHECK (clock IN ('host', 'device'));
ALTER TABLE measurements ADD COLUMN
    workspace_bytes INTEGER CHECK (workspace_bytes >= 0);
ALTER TABLE measurements ADD COLUMN
    is_default      INTEGER CHECK (is_default IN (0, 1));
CREATE INDEX measurements_of_default ON measurements (device_id, problem_id, threads) WHERE is_default = 1;
PRAGMA user_version = 2;
