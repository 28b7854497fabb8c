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
{{#columns}}
CALL rekey.copy_column_settings({{table_literal}}, {{name_literal}}, {{legacy_literal}});
{{/columns}}
CALL rekey.restore_columns({{table_literal}});
