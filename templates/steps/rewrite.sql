%up
LOCK TABLE {{table}} IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure({{step}}, 'before', {{table_literal}}, {{measure_ids}});
{{#columns}}
{{#identity}}
ALTER TABLE {{table}} ALTER COLUMN {{name}} DROP IDENTITY;
{{/identity}}
{{/columns}}
ALTER TABLE {{table}}
{{#columns}}
{{#old_default}}
  ALTER COLUMN {{name}} DROP DEFAULT,
{{/old_default}}
{{#new_default}}
  ALTER COLUMN {{name}} SET DEFAULT {{new_default}},
{{/new_default}}
  ALTER COLUMN {{name}} TYPE uuid
    USING {{new_key}}{{separator}}
{{/columns}}
CALL rekey.measure({{step}}, 'after', {{table_literal}}, {{measure_keys}});
%down
LOCK TABLE {{table}} IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure({{step}}, 'before', {{table_literal}}, {{measure_any_keys}});
ALTER TABLE {{table}}
{{#columns}}
{{#new_default}}
  ALTER COLUMN {{name}} DROP DEFAULT,
{{/new_default}}
{{#old_default}}
  ALTER COLUMN {{name}} SET DEFAULT {{old_default}},
{{/old_default}}
  ALTER COLUMN {{name}} TYPE {{type}}
    USING {{legacy_id_of_any}}::{{type}}{{separator}}
{{/columns}}
{{#columns}}
{{#identity}}
ALTER TABLE {{table}} ALTER COLUMN {{name}} ADD GENERATED {{kind}} AS IDENTITY ({{options}});
CALL rekey.restore_sequence({{table_literal}}, {{literal}});
{{/identity}}
{{/columns}}
CALL rekey.measure({{step}}, 'after', {{table_literal}}, {{measure_ids}});
