%before
CALL rekey.open_phase({{phase}}, {{phase_name}}, {{plan_digest}}, {{after}});
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps({{phase}}, {{steps}});
%up
{{#before_checks}}
CALL rekey.expect_none({{phase}}, {{name}}, {{query}});
{{/before_checks}}
{{#with_keys}}
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays{{#picks}}, picked, stage_of{{/picks}})
VALUES
{{#domains}}
  ({{name}}, {{phase}}, {{generator}}, {{time}}, {{arrays}}{{#picks}}, {{picked}}, {{stage_of}}{{/picks}}){{separator}}
{{/domains}}
{{#has_columns}}
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
{{#columns}}
  ({{domain}}, {{table}}, {{column}}, {{type}}, {{declared}}, {{root}}, {{source}}, {{array}}, {{sequence}}, {{identity}}){{separator}}
{{/columns}}
{{/has_columns}}
{{/with_keys}}
{{#stage}}
CALL rekey.enter_stage({{phase}}, {{of}}, {{stage_name}});
{{/stage}}
{{#borrowed}}
INSERT INTO rekey.places (table_name, column_name, place, domain, title, path, type_column, type)
VALUES
{{#places}}
  ({{table}}, {{column}}, {{place}}, {{domain}}, {{title}}, {{path}}, {{type_column}}, {{type}}){{separator}}
{{/places}}
-- what stands there is read before the fence is up
LOCK TABLE {{tables}} IN SHARE ROW EXCLUSIVE MODE;
{{/borrowed}}
{{#enforced}}
CALL rekey.expect_referred({{table}}, {{columns}}, {{parent}}, {{parent_columns}});
{{/enforced}}
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
{{#stage}}
CALL rekey.leave_stage({{before_phase}}, {{of}}, {{before}});
{{/stage}}
CALL rekey.withdraw_phase({{phase}});
