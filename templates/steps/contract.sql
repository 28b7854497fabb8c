%up
{{#parts}}
-- All of it at once: who has locked a partition already may come for the table next.
CALL rekey.lock_out({{table_literal}});
CALL rekey.expect_tree({{table_literal}}, {{members}}, {{names}});
{{/parts}}
{{unsync}}
CALL rekey.keep_columns({{table_literal}}, {{legacy_names}});
ALTER TABLE {{table}}
{{#columns}}
  DROP COLUMN {{legacy}}{{separator}}
{{/columns}}
%down
{{#parts}}
-- All of it at once: who has locked a partition already may come for the table next.
CALL rekey.lock_out({{table_literal}});
CALL rekey.expect_tree({{table_literal}}, {{members}}, {{names}});
{{/parts}}
ALTER TABLE {{table}}
{{#columns}}
  ADD COLUMN {{legacy}} {{type}}{{separator}}
{{/columns}}
{{#settings}}
CALL rekey.copy_column_settings({{.}});
{{/settings}}
CALL rekey.restore_columns({{table_literal}});
