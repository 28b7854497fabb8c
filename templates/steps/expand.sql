%up
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
CALL rekey.expect_tree({{table_literal}}, {{members}}, {{names}});
{{/parts}}
{{unsync}}
DROP FUNCTION {{function}}();
ALTER TABLE {{table}}
{{#columns}}
  DROP COLUMN {{shadow}}{{separator}}
{{/columns}}
