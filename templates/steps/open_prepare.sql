%before
CALL rekey.open_phase({{phase}}, {{phase_name}}, {{plan_digest}}, {{after}});
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps({{phase}}, {{steps}});
%up
{{#before_checks}}
CALL rekey.expect_none({{phase}}, {{name}}, {{query}});
{{/before_checks}}
INSERT INTO rekey.domains (domain, phase, generator, time_column, arrays, given)
VALUES
{{#domains}}
  ({{name}}, {{phase}}, {{generator}}, {{time}}, {{arrays}}, {{given}}){{separator}}
{{/domains}}
INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, declared, is_root, is_source, is_array, sequence, is_identity)
VALUES
{{#columns}}
  ({{domain}}, {{table}}, {{column}}, {{type}}, {{declared}}, {{root}}, {{source}}, {{array}}, {{sequence}}, {{identity}}){{separator}}
{{/columns}}
CALL rekey.expect_legacy({{phase}});
{{#enforced}}
CALL rekey.expect_referred({{table}}, {{columns}}, {{parent}}, {{parent_columns}});
{{/enforced}}
{{#tables}}
{{#parts}}
CALL rekey.expect_partitions({{table}}, {{members}});
{{/parts}}
CALL rekey.expect_online({{table}}, {{names}});
{{/tables}}
{{#of_rows}}
{{#calls}}
{{.}}
{{/calls}}
{{/of_rows}}
%down
CALL rekey.withdraw_phase({{phase}});
