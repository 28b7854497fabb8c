%up
ALTER TABLE {{table}}
{{#columns}}
  ADD COLUMN {{shadow}} uuid{{separator}}
{{/columns}}
{{sync}}
%down
{{unsync}}
DROP FUNCTION {{function}}();
ALTER TABLE {{table}}
{{#columns}}
  DROP COLUMN {{shadow}}{{separator}}
{{/columns}}
