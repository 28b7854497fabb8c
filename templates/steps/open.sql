%before
CALL rekey.open_phase({{phase}}, {{phase_name}}, {{plan_digest}}, {{after}});
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps({{phase}}, {{steps}});
%up
{{#before_checks}}
CALL rekey.expect_none({{phase}}, {{name}}, {{query}});
{{/before_checks}}
{{#with_keys}}
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays)
VALUES
{{#domains}}
  ({{name}}, {{phase}}, {{generator}}, {{time}}, {{arrays}}){{separator}}
{{/domains}}
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
{{#columns}}
  ({{domain}}, {{table}}, {{column}}, {{type}}, {{declared}}, {{root}}, {{source}}, {{array}}, {{sequence}}, {{identity}}){{separator}}
{{/columns}}
{{/with_keys}}
{{#with_orphans}}
CALL rekey.expect_columns({{phase}});
{{/with_orphans}}
{{^with_orphans}}
CALL rekey.expect_legacy({{phase}});
{{/with_orphans}}
{{#reshape}}
{{.}}
{{/reshape}}
{{#tables}}
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {{.}}
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence({{phase}});
ALTER TABLE {{.}} ENABLE ALWAYS TRIGGER rekey_fence;
{{/tables}}
%down
{{#tables}}
DROP TRIGGER rekey_fence ON {{.}};
{{/tables}}
CALL rekey.withdraw_phase({{phase}});
