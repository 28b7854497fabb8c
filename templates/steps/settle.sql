%up
CALL rekey.settle_indexes({{table_literal}});
ANALYZE {{table}};
%down
ANALYZE {{table}};
