%up
%down
CALL rekey.set_required({{table_literal}}, {{names}}, {{others}});
CALL rekey.name_not_nulls({{table_literal}});
