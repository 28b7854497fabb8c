%up
ALTER TABLE {{table}}
{{#foreign_keys}}
  VALIDATE CONSTRAINT {{name}}{{separator}}
{{/foreign_keys}}
%down
ALTER TABLE {{table}}
{{#foreign_keys}}
  VALIDATE CONSTRAINT {{name}}{{separator}}
{{/foreign_keys}}
