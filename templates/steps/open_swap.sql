%before
CALL rekey.open_phase({{phase}}, {{phase_name}}, {{plan_digest}}, {{after}});
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps({{phase}}, {{steps}});
%up
{{#before_checks}}
CALL rekey.expect_none({{phase}}, {{name}}, {{query}});
{{/before_checks}}
{{#keys}}
CALL rekey.expect_keys({{.}});
{{/keys}}
UPDATE rekey.domains SET phase = {{phase}} WHERE phase = {{prepared}};
%down
UPDATE rekey.domains SET phase = {{prepared}} WHERE phase = {{phase}};
CALL rekey.withdraw_phase({{phase}});
