%up
CALL rekey.expect_no_copies({{step}}, {{index_literal}}, {{copies}});
CALL rekey.begin_step({{step}});
SET lock_timeout = 0;
{{#leftovers}}
DROP INDEX CONCURRENTLY IF EXISTS {{.}};
{{/leftovers}}
REINDEX INDEX CONCURRENTLY {{index}};
SET lock_timeout = {{lock_timeout}};
CALL rekey.end_step({{step}}, built => {{index_literal}});
%down
CALL rekey.begin_undo({{step}});
CALL rekey.end_undo({{step}});
