-- The runs, with the conditions they measured under.
SELECT r.uid AS run, r.started_at, r.command_line, r.git_commit, b.identity AS build, b.compiler, b.flags,
       e.host, e.os, e.cpu_model, e.governor, r.clock_mhz, r.load, e.binding, e.huge_pages, e.libraries
FROM runs r
JOIN builds b ON b.id = r.build_id
JOIN environments e ON e.id = r.environment_id
ORDER BY r.started_at DESC, r.uid
