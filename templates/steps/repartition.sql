%both
LOCK TABLE {{table}} IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure({{step}}, 'before', {{table_literal}}, {{names}});
{{#before}}
{{.}}
{{/before}}
-- the rows with their {{which}} keys, until the table that takes them is there
CREATE UNLOGGED TABLE {{rows}} AS
SELECT
  {{selected}}
FROM {{table}};
{{#members}}
DROP TRIGGER rekey_fence ON {{.}};
{{/members}}
TRUNCATE TABLE {{table}};
{{#partitioned}}
CALL rekey.keep_foreign_key_parts({{.}});
{{/partitioned}}
{{#foreign_keys}}
ALTER TABLE {{of}} DROP CONSTRAINT {{name}};
{{/foreign_keys}}
{{#drops}}
{{.}}
{{/drops}}
{{#partitions}}
ALTER TABLE {{partition}}
{{#columns}}
  ALTER COLUMN {{name}} TYPE {{type}}
    USING {{value}}{{separator}}
{{/columns}}
{{/partitions}}
{{#definitions}}
{{.}}
{{/definitions}}
{{#partitioned}}
CALL rekey.restore_foreign_key_parts({{.}});
{{/partitioned}}
{{#foreign_keys}}
ALTER TABLE {{of}} ADD CONSTRAINT {{name}} {{definition}};
CALL rekey.restore_foreign_key_parts({{of_literal}});
{{#comment}}
COMMENT ON CONSTRAINT {{name}} ON {{of}} IS {{comment}};
{{/comment}}
{{/foreign_keys}}
{{#defaults}}
{{.}}
{{/defaults}}
INSERT INTO {{table}} ({{row_columns}}) OVERRIDING SYSTEM VALUE
SELECT {{row_columns}} FROM {{rows}};
SET CONSTRAINTS ALL IMMEDIATE;
DROP TABLE {{rows}};
{{#after}}
{{.}}
{{/after}}
{{#members}}
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {{.}}
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence({{phase}});
ALTER TABLE {{.}} ENABLE ALWAYS TRIGGER rekey_fence;
{{/members}}
CALL rekey.measure({{step}}, 'after', {{table_literal}}, {{names}});
