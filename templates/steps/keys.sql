%up
CALL rekey.save_ids({{domain}});
{{#named}}
CALL rekey.expect_names({{table}}, {{key}}, {{columns}});
{{/named}}
{{#listed}}
CALL rekey.list_keys({{domain}}, {{query}});
{{/listed}}
{{#named}}
CALL rekey.expect_own_keys({{domain}});
{{/named}}
{{#arrays}}
CALL rekey.map_arrays({{domain}});
{{/arrays}}
%down
CALL rekey.assign_legacy_ids({{domain}});
{{#arrays}}
CALL rekey.map_arrays({{domain}});
{{/arrays}}
