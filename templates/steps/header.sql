%up
-- Plan {{plan}}, phase {{phase}} {{name}} ({{position}} of {{phases}}): the way forward
-- Plan digest {{digest}}
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f {{file}}
-- or let "rekey apply" run the same bytes. Every step is a transaction of its own that enters itself
-- into the journal (schema rekey); it refuses to run twice or out of order. To go on after a failure,
-- take the first STEP of rekey.steps, by position, that is not done, and run the file from there:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' {{file}} | psql -X -v ON_ERROR_STOP=1

%down
-- Plan {{plan}}, phase {{phase}} {{name}} ({{position}} of {{phases}}): the way back
-- Plan digest {{digest}}
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f {{file}}
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' {{file}} | psql -X -v ON_ERROR_STOP=1

%verify
-- Plan {{plan}}, phase {{phase}} {{name}} ({{position}} of {{phases}}): checks
-- Plan digest {{digest}}
--
-- Run it with:  psql -X -f {{file}}
-- Every row must say ok = t. Each result is also written to rekey.checks.

