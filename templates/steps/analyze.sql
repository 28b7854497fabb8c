%up
CALL rekey.begin_step({{step}});
ANALYZE {{table}};
CALL rekey.end_step({{step}}, analyzed => {{table_literal}});
%down
CALL rekey.begin_undo({{step}});
CALL rekey.end_undo({{step}});
