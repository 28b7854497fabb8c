%up
CALL rekey.begin_step({{step}});
CALL rekey.end_step({{step}});
%down
CALL rekey.begin_undo({{step}});
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS {{index}};
CREATE {{unique}}INDEX CONCURRENTLY {{name}} ON {{table}} USING {{definition}};
SET lock_timeout = {{lock_timeout}};
CALL rekey.end_undo({{step}}, built => {{index_literal}});
