%both
ALTER TABLE {{table}}
{{#foreign_keys}}
  VALIDATE CONSTRAINT {{name}}{{separator}}
{{/foreign_keys}}
