%up
CALL rekey.save_ids({{domain}});
{{#listed}}
CALL rekey.list_keys({{domain}}, {{query}});
{{/listed}}
%down
CALL rekey.assign_legacy_ids({{domain}});
