%up
CALL rekey.expect_free_name({{step}}, {{index_literal}});
CALL rekey.begin_step({{step}});
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS {{index}};
{{statement}}
SET lock_timeout = {{lock_timeout}};
CALL rekey.end_step({{step}}, built => {{index_literal}});
%down
CALL rekey.begin_undo({{step}});
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS {{index}};
SET lock_timeout = {{lock_timeout}};
CALL rekey.end_undo({{step}});
