%up
{{#additions}}
ALTER TABLE {{table}}
{{#foreign_keys}}
  ADD CONSTRAINT {{name}} {{definition}}{{separator}}
{{/foreign_keys}}
{{#in_parts}}
CALL rekey.restore_foreign_key_parts({{table_literal}});
{{/in_parts}}
{{/additions}}
{{#foreign_keys}}
{{#comment}}
COMMENT ON CONSTRAINT {{name}} ON {{table}} IS {{comment}};
{{/comment}}
{{/foreign_keys}}
%down
{{#in_parts}}
CALL rekey.keep_foreign_key_parts({{table_literal}});
{{/in_parts}}
ALTER TABLE {{table}}
{{#foreign_keys}}
  DROP CONSTRAINT {{name}}{{separator}}
{{/foreign_keys}}
