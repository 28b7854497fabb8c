%up
CALL rekey.expect_plain_index({{step}}, {{index_literal}}, {{definition}});
CALL rekey.begin_step({{step}});
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS {{index}};
SET lock_timeout = {{lock_timeout}};
CALL rekey.end_step({{step}});
%down
CALL rekey.expect_free_name({{step}}, {{index_literal}});
CALL rekey.begin_undo({{step}});
SET lock_timeout = 0;
DROP INDEX CONCURRENTLY IF EXISTS {{index}};
{{statement}}
SET lock_timeout = {{lock_timeout}};
CALL rekey.end_undo({{step}}, built => {{index_literal}});
