%both
{{#foreign_keys}}
CALL rekey.validate_foreign_key_part({{arguments}});
{{/foreign_keys}}
