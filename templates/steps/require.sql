%up
CALL rekey.require({{table_literal}}, {{names}}, {{others}});
%down
CALL rekey.require_no_more({{table_literal}});
