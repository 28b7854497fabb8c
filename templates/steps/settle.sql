%up
CALL rekey.settle_indexes({{table_literal}});
%down
