%up
CALL rekey.save_ids({{domain}});
{{#named}}
CALL rekey.expect_names({{table}}, {{key}}, {{columns}});
{{/named}}
{{#computed}}
CALL rekey.expect_expression({{table}}, {{key}}, {{expression}});
{{/computed}}
{{#listed}}
CALL rekey.list_keys({{domain}}, {{query}});
{{/listed}}
{{#own_keys}}
CALL rekey.expect_own_keys({{domain}});
{{/own_keys}}
{{#arrays}}
CALL rekey.map_arrays({{domain}});
{{/arrays}}
%down
CALL rekey.assign_legacy_ids({{domain}});
{{#arrays}}
CALL rekey.map_arrays({{domain}});
{{/arrays}}
