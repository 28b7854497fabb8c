%up
VACUUM (ANALYZE) {{table}};
CALL rekey.expect_analyzed({{table_literal}});
%down
VACUUM (ANALYZE) {{table}};
CALL rekey.expect_analyzed({{table_literal}});
