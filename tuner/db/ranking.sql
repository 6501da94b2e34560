-- How the configs of a device and problem rank, a pure function of the evidence; the first is the winner.
--
--   :device, :problem  ids, or NULL for all
--   :max_error         largest err_rel_fro allowed, or NULL
--   :max_workspace     largest workspace_bytes allowed, or NULL
--   :part, :other_part one of these must be in ',' || config || ','; or NULL
--
-- Only tuning evidence of hone's own kernels counts (a bench has no rivals
-- beside it), only with a correct result, and never a config that was wrong
-- once on that device, build and problem. Of a config's measurements the final
-- ones count before screening ones, then the one with the most samples, then
-- the latest. Configs are compared by stage first, since screening values of
-- few samples flatter; then by the objective's value, then by config text.
--
-- Who cannot be told from the first ties with it: at most 1.5% slower, which equal configs may
-- seem from one process to the next whatever their intervals in either; or at most 2% with
-- intervals (95%, of the medians or of the 95th percentiles) that overlap. The default config
-- ties unless its interval shows that it is more than 2% slower, or it is more than 10% slower
-- whatever the intervals, which few samples of a noisy machine make as wide as one likes. Of those
-- that tie the default config wins, then the one that has the most of its values, so that a winner
-- differs from the default where that matters; then the one with the smallest workspace, then the
-- lesser text: the same one in the next tuning, as far as noise allows.
WITH objectives (objective) AS (VALUES ('p50'), ('p95'), ('throughput')),
evidence AS (
    SELECT m.id, m.uid, m.device_id, m.problem_id, m.threads, o.objective, m.mode, r.build_id,
           m.config_id, m.stage = 'final' AS final, m.sample_count, m.measured_at,
           m.is_default, m.workspace_bytes, m.err_rel_fro,
           CASE o.objective WHEN 'p50' THEN m.p50_us WHEN 'p95' THEN m.p95_us ELSE m.mean_us END AS value,
           CASE o.objective WHEN 'p50' THEN m.p50_low_us WHEN 'p95' THEN m.p95_low_us END AS low,
           CASE o.objective WHEN 'p50' THEN m.p50_high_us WHEN 'p95' THEN m.p95_high_us END AS high
    FROM measurements m JOIN runs r ON r.id = m.run_id, objectives o
    WHERE m.provider = 'hone' AND m.stage <> 'bench' AND m.correct = 1
      AND (:max_error IS NULL OR m.err_rel_fro <= :max_error)
      AND (:max_workspace IS NULL OR m.workspace_bytes <= :max_workspace)
      AND (:part IS NULL OR EXISTS (
          SELECT 1 FROM configs p WHERE p.id = m.config_id
            AND (instr(',' || p.text || ',', :part) > 0 OR instr(',' || p.text || ',', :other_part) > 0)))
      AND m.device_id BETWEEN coalesce(:device, 0) AND coalesce(:device, 0x7fffffffffffffff)
      AND m.problem_id BETWEEN coalesce(:problem, 0) AND coalesce(:problem, 0x7fffffffffffffff)
      AND NOT EXISTS (
          SELECT 1 FROM failures f JOIN runs fr ON fr.id = f.run_id
          WHERE f.device_id = m.device_id AND f.problem_id = m.problem_id
            AND f.config_id = m.config_id AND f.kind = 'wrong' AND f.provider = 'hone'
            AND fr.build_id = r.build_id)
      AND NOT EXISTS (
          SELECT 1 FROM measurements w JOIN runs wr ON wr.id = w.run_id
          WHERE w.device_id = m.device_id AND w.problem_id = m.problem_id
            AND w.config_id = m.config_id AND w.correct = 0 AND w.provider = 'hone'
            AND wr.build_id = r.build_id)
),
best_of_config AS (
    SELECT *, row_number() OVER (
        PARTITION BY device_id, problem_id, threads, objective, mode, build_id, config_id
        ORDER BY final DESC, sample_count DESC, measured_at DESC, uid) AS place
    FROM evidence WHERE value IS NOT NULL
),
compared AS (
    SELECT e.*, c.text AS config, first_value(e.final) OVER best AS best_final,
           first_value(e.value) OVER best AS best_value, first_value(e.high) OVER best AS best_high,
           max(iif(e.is_default, c.text, NULL)) OVER (
               PARTITION BY device_id, problem_id, threads, objective, mode, build_id) AS usual
    FROM best_of_config e JOIN configs c ON c.id = e.config_id WHERE e.place = 1
    WINDOW best AS (PARTITION BY device_id, problem_id, threads, objective, mode, build_id
                    ORDER BY e.final DESC, e.value, c.text)
),
tied AS (
    SELECT *, final = best_final AND coalesce(
               value <= 1.015 * best_value OR (value <= 1.02 * best_value AND low <= best_high) OR
               (is_default AND value <= 1.1 * best_value AND
                coalesce(low, value) <= 1.02 * coalesce(best_high, best_value)), 0) AS ties
    FROM compared
),
placed AS (
    SELECT *, CASE WHEN ties AND usual IS NOT NULL THEN (
        SELECT count(*) FROM json_each('[' || replace(json_quote(config), ',', '","') || ']') AS own
        WHERE instr(',' || usual || ',', ',' || own.value || ',') = 0) ELSE 0 END AS differences
    FROM tied
),
ranked AS (
    SELECT *, row_number() OVER (
        PARTITION BY device_id, problem_id, threads, objective, mode, build_id
        ORDER BY ties DESC, ties * coalesce(is_default, 0) DESC, differences,
                 ties * coalesce(workspace_bytes, 1e18),
                 final DESC, CASE WHEN ties THEN 0 ELSE value END, config) AS rank
    FROM placed
)
