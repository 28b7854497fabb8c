%up
{{#keys}}
CALL rekey.expect_keys({{.}});
{{/keys}}
CALL rekey.validate_required({{table_literal}});
%down
