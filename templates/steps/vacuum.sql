%up
CALL rekey.begin_step({{step}});
VACUUM (ANALYZE) {{table}};
CALL rekey.end_step({{step}}, analyzed => {{table_literal}});
%down
CALL rekey.begin_undo({{step}});
VACUUM (ANALYZE) {{table}};
CALL rekey.end_undo({{step}}, analyzed => {{table_literal}});
