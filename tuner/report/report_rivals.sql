-- What other providers took for a winner's problem, each beside the winner's
-- config in one run, for only there are two things compared: the winner's own
-- run if it has both, else the latest.
--
--   :measurement  uid of the winner's measurement
WITH pairs AS (
    SELECT o.provider, o.p50_us, h.p50_us AS hone_p50_us, o.uid AS measurement,
           h.uid AS hone_measurement, r.uid AS run, p.text AS problem,
           2e-3 * p.m * p.n * p.k / o.p50_us AS gflops, o.p50_us / h.p50_us AS speedup,
           row_number() OVER (
               PARTITION BY o.provider
               ORDER BY h.stage = 'screen', h.run_id <> w.run_id, o.measured_at DESC, o.uid,
                        h.measured_at DESC, h.uid) AS place
    FROM measurements w
    JOIN runs wr ON wr.id = w.run_id
    JOIN problems p ON p.id = w.problem_id
    JOIN measurements h ON h.device_id = w.device_id AND h.problem_id = w.problem_id
        AND h.config_id = w.config_id AND h.threads = w.threads AND h.mode = w.mode
        AND h.provider = 'hone'
    JOIN runs r ON r.id = h.run_id AND r.build_id = wr.build_id
    JOIN measurements o ON o.device_id = w.device_id AND o.problem_id = w.problem_id
        AND o.run_id = h.run_id AND o.threads = w.threads AND o.mode = w.mode
        AND o.provider <> 'hone' AND coalesce(o.correct, 1) = 1
    WHERE w.uid = :measurement
)
SELECT * FROM pairs WHERE place = 1 ORDER BY provider <> 'unfused', provider
