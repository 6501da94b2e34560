-- Pruning: all evidence on one config (of a device, problem and build) goes
-- together, so that no config looks faster, or right again, for what was removed.
--
--   :before  measured before this moment, or NULL
--   :build, :device  identity and fingerprint, or NULL
CREATE TEMP TABLE doomed AS
WITH evidence AS (
    SELECT m.device_id, m.problem_id, m.config_id, r.build_id, m.measured_at AS moment,
           EXISTS (SELECT 1 FROM winners w WHERE w.measurement_id = m.id) AS wins
    FROM main.measurements m JOIN main.runs r ON r.id = m.run_id
    UNION ALL
    SELECT f.device_id, f.problem_id, f.config_id, r.build_id, f.failed_at, 0
    FROM main.failures f JOIN main.runs r ON r.id = f.run_id
)
SELECT e.device_id, e.problem_id, e.config_id, e.build_id
FROM evidence e JOIN main.devices d ON d.id = e.device_id JOIN main.builds b ON b.id = e.build_id
WHERE (:build IS NULL OR b.identity = :build) AND (:device IS NULL OR d.fingerprint = :device)
GROUP BY e.device_id, e.problem_id, e.config_id, e.build_id
HAVING max(e.wins) = 0 AND (:before IS NULL OR max(e.moment) < :before)
