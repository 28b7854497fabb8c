%up
ALTER TABLE {{table}}
{{#forward}}
  VALIDATE CONSTRAINT {{name}}{{separator}}
{{/forward}}
%down
ALTER TABLE {{table}}
{{#foreign_keys}}
  VALIDATE CONSTRAINT {{name}}{{separator}}
{{/foreign_keys}}
