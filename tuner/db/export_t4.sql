-- What the tuner measured of hone's own configs, one row a config of a problem, device, number of threads and mode:
-- a wrong result before everything, as in ranking.sql, then finals, screenings, and what could not run; of equal
-- ones the latest. NULL :problem, :device: all.
WITH subjects AS (
    SELECT DISTINCT device_id, problem_id, threads, mode FROM measurements WHERE provider = 'hone'
), evidence AS (
    SELECT m.device_id, m.problem_id, m.config_id, m.threads, m.mode, m.measured_at AS at, m.uid,
           iif(m.correct = 0, 'correctness', 'correct') AS invalidity, m.p50_us, m.samples,
           iif(m.correct = 0, 0, iif(m.stage = 'final', 1, 2)) AS rank
      FROM measurements AS m
     WHERE m.provider = 'hone' AND m.stage <> 'bench'
    UNION ALL
    -- A failure holds in every mode.
    SELECT f.device_id, f.problem_id, f.config_id, f.threads, coalesce(s.mode, 'warm'), f.failed_at, f.uid,
           CASE f.kind WHEN 'build' THEN 'compile' WHEN 'run' THEN 'runtime' ELSE 'correctness' END, NULL, NULL,
           iif(f.kind = 'wrong', 0, 3)
      FROM failures AS f
      LEFT JOIN subjects AS s
             ON s.device_id = f.device_id AND s.problem_id = f.problem_id AND s.threads = f.threads
     WHERE f.provider = 'hone'
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY device_id, problem_id, config_id, threads, mode
                                 ORDER BY rank, at DESC, uid) AS place
      FROM evidence
)
SELECT r.at, p.text, d.fingerprint, r.threads, r.mode, c.text, r.invalidity, r.p50_us, r.samples
  FROM ranked AS r
  JOIN problems AS p ON p.id = r.problem_id
  JOIN devices AS d ON d.id = r.device_id
  JOIN configs AS c ON c.id = r.config_id
 WHERE r.place = 1
   AND (:problem IS NULL OR p.text = :problem)
   AND (:device IS NULL OR d.fingerprint = :device)
 ORDER BY p.text, d.fingerprint, r.threads, r.mode, c.text
