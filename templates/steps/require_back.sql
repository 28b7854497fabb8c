%up
%down
CALL rekey.require({{table_literal}}, {{names}}, {{others}});
