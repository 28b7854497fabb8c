%up
CALL rekey.save_ids({{domain}});
{{#listed}}
INSERT INTO rekey.keys (domain, old_key, new_key, fresh)
SELECT {{domain}}, {{column}}, {{key}}, false
FROM {{table}}
WHERE {{column}} IS NOT NULL;
{{/listed}}
%down
CALL rekey.assign_legacy_ids({{domain}});
