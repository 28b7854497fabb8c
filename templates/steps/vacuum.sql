%up
VACUUM (ANALYZE) {{table}};
CALL rekey.end_step({{step}}, analyzed => {{table_literal}});
%down
VACUUM (ANALYZE) {{table}};
CALL rekey.end_undo({{step}}, analyzed => {{table_literal}});
