%up
{{unsync}}
CALL rekey.keep_columns({{table_literal}}, {{legacy_names}});
ALTER TABLE {{table}}
{{#columns}}
  DROP COLUMN {{legacy}}{{separator}}
{{/columns}}
%down
ALTER TABLE {{table}}
{{#columns}}
  ADD COLUMN {{legacy}} {{type}}{{separator}}
{{/columns}}
{{#settings}}
CALL rekey.copy_column_settings({{.}});
{{/settings}}
CALL rekey.restore_columns({{table_literal}});
