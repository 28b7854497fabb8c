%up
{{#parts}}
-- All of it at once: who has locked a partition already may come for the table next.
CALL rekey.lock_out({{table_literal}});
{{/parts}}
{{#expected}}
{{.}}
{{/expected}}
ALTER TABLE {{table}}
{{#columns}}
  ADD COLUMN {{shadow}} uuid{{separator}}
{{/columns}}
{{#parts}}
CALL rekey.expect_partitions({{table_literal}}, {{members}});
{{/parts}}
{{sync}}
%down
{{#parts}}
-- All of it at once: who has locked a partition already may come for the table next.
CALL rekey.lock_out({{table_literal}});
CALL rekey.expect_tree({{table_literal}}, {{members}}, {{names}});
{{/parts}}
{{unsync}}
DROP FUNCTION {{function}}();
{{#drops}}
{{.}}
{{/drops}}
ALTER TABLE {{table}}
{{#columns}}
  DROP COLUMN {{shadow}}{{separator}}
{{/columns}}
