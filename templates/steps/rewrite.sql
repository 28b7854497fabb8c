%up
LOCK TABLE {{table}} IN ACCESS EXCLUSIVE MODE;
{{#measured}}
CALL rekey.measure({{step}}, 'before', {{table_literal}}, {{names}});
{{/measured}}
{{#before}}
{{.}}
{{/before}}
ALTER TABLE {{table}}
{{#columns}}
{{#old_default}}
  ALTER COLUMN {{name}} DROP DEFAULT,
{{/old_default}}
{{#new_default}}
  ALTER COLUMN {{name}} SET DEFAULT {{new_default}},
{{/new_default}}
  ALTER COLUMN {{name}} TYPE {{new_type}}
    USING {{new_key}}{{separator}}
{{/columns}}
{{#after}}
{{.}}
{{/after}}
{{#measured}}
CALL rekey.measure({{step}}, 'after', {{table_literal}}, {{names}});
{{/measured}}
%down
LOCK TABLE {{table}} IN ACCESS EXCLUSIVE MODE;
{{#measured}}
CALL rekey.measure({{step}}, 'before', {{table_literal}}, {{names}});
{{/measured}}
{{#undo_before}}
{{.}}
{{/undo_before}}
ALTER TABLE {{table}}
{{#columns}}
{{#added}}
  DROP COLUMN {{name}}{{separator}}
{{/added}}
{{^added}}
{{#has_new_default}}
  ALTER COLUMN {{name}} DROP DEFAULT,
{{/has_new_default}}
{{#old_default}}
  ALTER COLUMN {{name}} SET DEFAULT {{old_default}},
{{/old_default}}
  ALTER COLUMN {{name}} TYPE {{type}}
    USING {{legacy_id_of_any}}::{{type}}{{separator}}
{{/added}}
{{/columns}}
{{#undo_after}}
{{.}}
{{/undo_after}}
{{#measured}}
CALL rekey.measure({{step}}, 'after', {{table_literal}}, {{names}});
{{/measured}}
