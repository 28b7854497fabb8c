%up
CALL rekey.save_ids({{domain}});
{{#listed}}
CALL rekey.list_keys({{domain}}, {{query}});
{{/listed}}
{{#arrays}}
CALL rekey.map_arrays({{domain}});
{{/arrays}}
%down
CALL rekey.assign_legacy_ids({{domain}});
{{#arrays}}
CALL rekey.map_arrays({{domain}});
{{/arrays}}
