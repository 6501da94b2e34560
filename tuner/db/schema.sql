-- The tuning database of Hone, schema version 4. One SQLite file.
--
-- Evidence (measurements, failures) is only ever added or pruned; winners are
-- derived from it and can be dropped and derived again at any time.
--
--   devices   builds   environments      problems   configs
--      |         \        /                  |         |
--      |           runs                      |         |
--      |             |                       |         |
--      +------- measurements, failures ------+---------+
--                    |
--                 winners
--
-- Conventions
--   * Names are stored, never numbers of an enumeration.
--   * `id` columns are local to the file. What identifies a row everywhere is
--     its UNIQUE text: merging two databases joins rows by it, so a merge gives
--     the same evidence in any order and when repeated.
--   * Times are microseconds a call (`_us`), moments ISO 8601 UTC text.
--   * NULL is "not known" or "not measured"; it is never a guess.
--
-- A change of this file is a new version: user_version here, HONE_DB_SCHEMA in
-- db.h, and a file migrate_<old version>.sql with which an older database ends up
-- with the text below, but for white space and comments. So is one of ranking.sql.

-- A device, by everything about it that changes performance.
CREATE TABLE devices (
    id          INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE CHECK (fingerprint <> ''),
    backend     TEXT NOT NULL CHECK (backend <> ''),  -- 'cpu', 'opencl', 'cuda'
    model       TEXT NOT NULL,                        -- for people
    family      TEXT NOT NULL,                        -- devices whose winners are likely to suit it
    threads     INTEGER NOT NULL CHECK (threads >= 1) -- hardware threads
) STRICT;
CREATE INDEX devices_by_family ON devices (family);

-- A build of the kernels: version and hash of their sources, compiler and flags.
CREATE TABLE builds (
    id       INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE CHECK (identity <> ''), -- hone_build_id()
    compiler TEXT NOT NULL,
    flags    TEXT NOT NULL
) STRICT;

-- The conditions of a machine that stay the same from run to run.
CREATE TABLE environments (
    id         INTEGER PRIMARY KEY,
    host       TEXT NOT NULL,
    os         TEXT NOT NULL,
    cpu_model  TEXT NOT NULL,
    governor   TEXT NOT NULL,  -- '' where the system does not say
    binding    TEXT NOT NULL,  -- CPUs the process may run on: '0-3,8'
    huge_pages TEXT NOT NULL,
    libraries  TEXT NOT NULL,  -- 'hwloc 2.9.0, sqlite 3.40.1, ...'
    identity   TEXT NOT NULL UNIQUE GENERATED ALWAYS AS (
        host || ' | ' || os || ' | ' || cpu_model || ' | ' || governor || ' | ' || binding || ' | ' ||
        huge_pages || ' | ' || libraries) STORED
) STRICT;

-- One invocation of the command.
CREATE TABLE runs (
    id             INTEGER PRIMARY KEY,
    uid            TEXT NOT NULL UNIQUE CHECK (length(uid) = 32), -- random, hexadecimal
    build_id       INTEGER NOT NULL REFERENCES builds,
    environment_id INTEGER NOT NULL REFERENCES environments,
    command_line   TEXT NOT NULL,
    git_commit     TEXT NOT NULL,  -- '-dirty' appended; '' unknown
    clock_mhz      REAL CHECK (clock_mhz > 0),
    load           REAL CHECK (load >= 0),
    started_at     TEXT NOT NULL CHECK (started_at GLOB '????-??-??T??:??:??*Z')
) STRICT;
CREATE INDEX runs_by_build ON runs (build_id);
CREATE INDEX runs_by_environment ON runs (environment_id);

-- A problem: its canonical text, and the parts that lookups compare.
CREATE TABLE problems (
    id          INTEGER PRIMARY KEY,
    text        TEXT NOT NULL UNIQUE CHECK (text LIKE 'gemm/%'), -- 'gemm/f32/gelu_tanh/128x3072x768'
    dtype       TEXT NOT NULL CHECK (dtype IN ('f32', 'f16', 'bf16', 's8')),
    a_type      TEXT NOT NULL CHECK (a_type IN ('f32', 'f16', 'bf16', 's8', 'u8')),
    c_type      TEXT NOT NULL CHECK (c_type IN ('f32', 'f16', 'bf16', 's8', 'u8')),
    activation  TEXT NOT NULL CHECK (activation <> ''),
    m           INTEGER NOT NULL CHECK (m >= 1),
    n           INTEGER NOT NULL CHECK (n >= 1),
    k           INTEGER NOT NULL CHECK (k >= 1),
    bias        INTEGER NOT NULL CHECK (bias IN (0, 1)),
    weights     TEXT NOT NULL CHECK (weights IN ('packed', 'plain')),
    layout      TEXT NOT NULL CHECK (layout IN ('kxn', 'nxk')),       -- of the weights, as stored
    a_scales    TEXT NOT NULL CHECK (a_scales IN ('tensor', 'row'))   -- of s8 problems
) STRICT;

-- A config, or what a baseline says about itself: canonical text.
CREATE TABLE configs (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE -- 'isa=avx512,kc=384,mr=14,nr=32'
) STRICT;

-- Samples of one provider on one problem, with statistics and numeric error.
-- The device's build and conditions are those of the run.
CREATE TABLE measurements (
    id           INTEGER PRIMARY KEY,
    uid          TEXT NOT NULL UNIQUE CHECK (length(uid) = 32), -- random, hexadecimal
    run_id       INTEGER NOT NULL REFERENCES runs,
    device_id    INTEGER NOT NULL REFERENCES devices,
    problem_id   INTEGER NOT NULL REFERENCES problems,
    config_id    INTEGER NOT NULL REFERENCES configs,
    provider     TEXT NOT NULL CHECK (provider <> ''),                   -- 'hone', 'openblas', ...
    mode         TEXT NOT NULL CHECK (mode IN ('warm', 'cold')),
    stage        TEXT NOT NULL CHECK (stage IN ('screen', 'final', 'bench')),
    threads      INTEGER NOT NULL CHECK (threads >= 1),
    measured_at  TEXT NOT NULL CHECK (measured_at GLOB '????-??-??T??:??:??*Z'),

    -- Samples in the order taken: IEEE binary32, little-endian, microseconds a
    -- call; each is the mean of `batch` calls timed together.
    sample_count INTEGER NOT NULL CHECK (sample_count >= 1),
    batch        INTEGER NOT NULL CHECK (batch >= 1),
    disturbed    INTEGER NOT NULL CHECK (disturbed BETWEEN 0 AND sample_count), -- preempted; kept
    settled      INTEGER NOT NULL CHECK (settled IN (0, 1)),
    samples      BLOB NOT NULL CHECK (length(samples) = 4 * sample_count),

    -- Order statistics with 95% confidence intervals (harness/stats.h).
    p50_us       REAL NOT NULL CHECK (p50_us > 0),
    p50_low_us   REAL,
    p50_high_us  REAL,
    p95_us       REAL CHECK (p95_us >= p50_us),  -- NULL below 60 samples
    p95_low_us   REAL,
    p95_high_us  REAL,
    p99_us       REAL CHECK (p99_us >= p50_us),  -- NULL below 300 samples
    min_us       REAL NOT NULL CHECK (min_us <= p50_us),
    max_us       REAL NOT NULL CHECK (max_us >= p50_us),
    mean_us      REAL NOT NULL CHECK (mean_us > 0),
    cv           REAL CHECK (cv >= 0),           -- standard deviation over mean
    peak_gops    REAL CHECK (peak_gops > 0),     -- measured peak of the device in that run, 1e9 op/s
    read_gbps    REAL CHECK (read_gbps > 0),     -- measured memory bandwidth in that run, 1e9 byte/s

    -- Numeric error against fp64 (harness/verify.h). `correct` NULL: not verified.
    correct            INTEGER CHECK (correct IN (0, 1)),
    seed               INTEGER,                  -- of the operands, as a signed 64-bit integer
    err_max_abs        REAL,
    err_rel_fro        REAL,
    err_bound_ratio    REAL,
    quant_sqnr_db      REAL,
    zero_fraction      REAL CHECK (zero_fraction BETWEEN 0 AND 1),
    negative_fraction  REAL CHECK (negative_fraction BETWEEN 0 AND 1),
    saturated_fraction REAL CHECK (saturated_fraction BETWEEN 0 AND 1),
    dead_columns       INTEGER CHECK (dead_columns >= 0),
    nan_count          INTEGER CHECK (nan_count >= 0),
    inf_count          INTEGER CHECK (inf_count >= 0),
    entropy_bits       REAL CHECK (entropy_bits >= 0),

    clock           TEXT NOT NULL DEFAULT 'host' CHECK (clock IN ('host', 'device')), -- that the samples are of
    workspace_bytes INTEGER CHECK (workspace_bytes >= 0), -- memory the plan had beside its operands
    is_default      INTEGER CHECK (is_default IN (0, 1))  -- 1: what the build takes when nothing was measured
) STRICT;
-- What is known about a config; and all evidence of a device and problem.
CREATE INDEX measurements_by_subject ON measurements (device_id, problem_id, config_id, threads);
-- The default config's, with which lookups compare winners of other shapes.
CREATE INDEX measurements_of_default ON measurements (device_id, problem_id, threads) WHERE is_default = 1;
CREATE INDEX measurements_by_run ON measurements (run_id);
CREATE INDEX measurements_by_problem ON measurements (problem_id);
CREATE INDEX measurements_by_config ON measurements (config_id);

-- A config that is wrong, cannot be built or cannot run.
CREATE TABLE failures (
    id         INTEGER PRIMARY KEY,
    uid        TEXT NOT NULL UNIQUE CHECK (length(uid) = 32),
    run_id     INTEGER NOT NULL REFERENCES runs,
    device_id  INTEGER NOT NULL REFERENCES devices,
    problem_id INTEGER NOT NULL REFERENCES problems,
    config_id  INTEGER NOT NULL REFERENCES configs,
    provider   TEXT NOT NULL CHECK (provider <> ''),
    threads    INTEGER NOT NULL CHECK (threads >= 1),
    kind       TEXT NOT NULL CHECK (kind IN ('wrong', 'build', 'run')),
    reason     TEXT NOT NULL,
    seed       INTEGER NOT NULL, -- operands that show it, as a signed 64-bit integer
    failed_at  TEXT NOT NULL CHECK (failed_at GLOB '????-??-??T??:??:??*Z')
) STRICT;
CREATE INDEX failures_by_subject ON failures (device_id, problem_id, config_id, threads);
CREATE INDEX failures_by_run ON failures (run_id);
CREATE INDEX failures_by_problem ON failures (problem_id);
CREATE INDEX failures_by_config ON failures (config_id);

-- Derived by ranking.sql: the measurement believed best for a device, build,
-- problem, thread count, mode and objective.
CREATE TABLE winners (
    device_id      INTEGER NOT NULL REFERENCES devices,
    problem_id     INTEGER NOT NULL REFERENCES problems,
    threads        INTEGER NOT NULL,
    objective      TEXT NOT NULL CHECK (objective IN ('p50', 'p95', 'throughput')),
    mode           TEXT NOT NULL CHECK (mode IN ('warm', 'cold')),
    build_id       INTEGER NOT NULL REFERENCES builds,
    measurement_id INTEGER NOT NULL REFERENCES measurements,
    PRIMARY KEY (device_id, problem_id, threads, objective, mode, build_id)
) STRICT, WITHOUT ROWID;
-- The nearest shapes; and what keeps a measurement from being pruned.
CREATE INDEX winners_by_objective ON winners (device_id, threads, objective);
CREATE INDEX winners_by_measurement ON winners (measurement_id);

PRAGMA application_id = 0x486f6e65; -- 'Hone'
PRAGMA user_version = 4;
