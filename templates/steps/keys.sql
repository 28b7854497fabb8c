%up
{{^of_uuids}}
CALL rekey.save_ids({{domain}});
{{/of_uuids}}
{{#condition}}
CALL rekey.expect_condition({{table}}, {{picked}});
{{/condition}}
{{#named}}
CALL rekey.expect_names({{table}}, {{key}}, {{columns}}{{#condition}}, {{picked}}{{/condition}});
{{/named}}
{{#computed}}
CALL rekey.expect_expression({{table}}, {{key}}, {{expression}}{{#condition}}, {{picked}}{{/condition}});
{{/computed}}
{{#listed}}
{{#staged}}
-- stage, its first and last place, how many rows all stages but the last have
CALL rekey.pair_stage({{stage_name}}, {{domain}}, {{from}}, {{to}}, {{staged_rows}}, {{query}});
{{/staged}}
{{#picks_rows}}
CALL rekey.pair_picked({{domain}}, {{query}});
{{/picks_rows}}
{{#pairs_all}}
CALL rekey.pair_keys({{domain}}, {{query}});
{{/pairs_all}}
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
