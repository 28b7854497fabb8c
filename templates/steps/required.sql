%up
CALL rekey.validate_required({{table_literal}});
%down
