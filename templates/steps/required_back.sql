%up
%down
CALL rekey.validate_required({{table_literal}});
