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
{{unsync}}
DROP FUNCTION {{function}}();
ALTER TABLE {{table}}
{{#columns}}
  DROP COLUMN {{shadow}}{{separator}}
{{/columns}}
