-- The winners of an objective, each of the latest build that has one. Column
-- names are those of the table in report_fields.c.
--
--   :objective  'p50', 'p95' or 'throughput'
WITH latest AS (
    SELECT w.device_id, w.problem_id, w.objective, w.measurement_id,
           row_number() OVER (
               PARTITION BY w.device_id, w.problem_id, w.threads, w.mode
               ORDER BY m.measured_at DESC, m.uid) AS place
    FROM winners w JOIN measurements m ON m.id = w.measurement_id
    WHERE w.objective = :objective
),
sizes (dtype, bytes) AS (VALUES ('f32', 4), ('f16', 2), ('bf16', 2), ('s8', 1), ('u8', 1)),
-- operations, and the bytes that must move at least once
work (problem_id, operations, bytes) AS (
    SELECT p.id, 2.0 * p.m * p.n * p.k,
           1.0 * p.m * p.k * a.bytes + 1.0 * p.k * p.n * b.bytes + 1.0 * p.m * p.n * o.bytes + 4.0 * p.n * p.bias
    FROM problems p
    JOIN sizes a ON a.dtype = p.a_type
    JOIN sizes b ON b.dtype = p.dtype
    JOIN sizes o ON o.dtype = p.c_type
)
SELECT d.backend, d.model, d.fingerprint, d.threads AS hardware_threads,
       p.text AS problem, p.dtype, p.activation, p.m, p.n, p.k,
       m.threads, m.mode, w.objective, c.text AS config,
       m.p50_us, m.p50_low_us, m.p50_high_us, m.p95_us, m.p99_us,
       1e-3 * k.operations / m.p50_us AS gflops,
       1e-1 * k.operations / m.peak_gops / m.p50_us AS pct_peak,
       -- the lower of two limits: the longer of two times
       1e-1 * max(k.operations / m.peak_gops, ifnull(k.bytes / m.read_gbps, 0)) / m.p50_us AS pct_roof,
       m.peak_gops, m.read_gbps, k.operations / k.bytes AS op_per_byte,
       m.err_max_abs, m.err_rel_fro, m.err_bound_ratio, m.quant_sqnr_db,
       m.sample_count AS samples, m.batch, m.disturbed, m.settled, m.measured_at,
       bu.identity AS build, bu.compiler, bu.flags, r.git_commit, e.governor, r.clock_mhz, r.load,
       e.host, e.os, m.uid AS measurement, r.uid AS run
FROM latest w
JOIN devices d ON d.id = w.device_id
JOIN problems p ON p.id = w.problem_id
JOIN measurements m ON m.id = w.measurement_id
JOIN configs c ON c.id = m.config_id
JOIN runs r ON r.id = m.run_id
JOIN builds bu ON bu.id = r.build_id
JOIN environments e ON e.id = r.environment_id
JOIN work k ON k.problem_id = p.id
WHERE w.place = 1
ORDER BY d.backend, d.model, d.fingerprint, instr('f32 f16 bf16 s8', p.dtype), p.activation, p.m, p.n, p.k, p.text, m.threads, m.mode
