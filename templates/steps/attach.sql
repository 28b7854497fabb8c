%up
ALTER TABLE {{table}}
{{#foreign_keys}}
  ADD CONSTRAINT {{name}} {{definition}}{{separator}}
{{/foreign_keys}}
{{#foreign_keys}}
{{#comment}}
COMMENT ON CONSTRAINT {{name}} ON {{table}} IS {{comment}};
{{/comment}}
{{/foreign_keys}}
%down
ALTER TABLE {{table}}
{{#foreign_keys}}
  DROP CONSTRAINT {{name}}{{separator}}
{{/foreign_keys}}
