%up
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = {{lock_timeout}};
{{before}}CALL rekey.begin_step({{step}});
{{body}}CALL rekey.end_step({{step}});
COMMIT;
%down
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = {{lock_timeout}};
CALL rekey.begin_undo({{step}});
{{body}}CALL rekey.end_undo({{step}});
COMMIT;
%plain
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = {{lock_timeout}};
{{body}}COMMIT;
