%up
{{^of_uuids}}
CALL rekey.save_ids({{domain}});
{{/of_uuids}}
{{#named}}
CALL rekey.expect_names({{table}}, {{key}}, {{columns}});
{{/named}}
{{#computed}}
CALL rekey.expect_expression({{table}}, {{key}}, {{expression}});
{{/computed}}
{{#listed}}
{{#of_uuids}}
CALL rekey.pair_keys({{domain}}, {{query}});
{{/of_uuids}}
{{^of_uuids}}
CALL rekey.list_keys({{domain}}, {{query}});
{{/of_uuids}}
{{/listed}}
{{#own_keys}}
CALL rekey.expect_own_keys({{domain}});
{{/own_keys}}
{{#arrays}}
CALL rekey.map_arrays({{domain}});
{{/arrays}}
%down
{{^of_uuids}}
CALL rekey.assign_legacy_ids({{domain}});
{{/of_uuids}}
{{#arrays}}
CALL rekey.map_arrays({{domain}});
{{/arrays}}
