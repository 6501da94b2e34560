-- Configs that were wrong, could not be built or could not run.
SELECT d.model, d.fingerprint, p.text AS problem, c.text AS config, f.provider, f.threads, f.kind,
       f.reason, printf('%llu', f.seed) AS seed, f.failed_at, b.identity AS build, r.uid AS run
FROM failures f
JOIN devices d ON d.id = f.device_id
JOIN problems p ON p.id = f.problem_id
JOIN configs c ON c.id = f.config_id
JOIN runs r ON r.id = f.run_id
JOIN builds b ON b.id = r.build_id
ORDER BY f.kind <> 'wrong', f.failed_at DESC, f.uid
