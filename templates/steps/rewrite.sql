%up
LOCK TABLE {{table}} IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure({{step}}, 'before', {{table_literal}}, {{names}});
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
CALL rekey.measure({{step}}, 'after', {{table_literal}}, {{names}});
%down
LOCK TABLE {{table}} IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure({{step}}, 'before', {{table_literal}}, {{names}});
{{#undo_before}}
{{.}}
{{/undo_before}}
ALTER TABLE {{table}}
{{#columns}}
{{#has_new_default}}
  ALTER COLUMN {{name}} DROP DEFAULT,
{{/has_new_default}}
{{#old_default}}
  ALTER COLUMN {{name}} SET DEFAULT {{old_default}},
{{/old_default}}
  ALTER COLUMN {{name}} TYPE {{type}}
    USING {{legacy_id_of_any}}::{{type}}{{separator}}
{{/columns}}
{{#undo_after}}
{{.}}
{{/undo_after}}
CALL rekey.measure({{step}}, 'after', {{table_literal}}, {{names}});
