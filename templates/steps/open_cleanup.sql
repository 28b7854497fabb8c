%before
CALL rekey.open_phase({{phase}}, {{phase_name}}, {{plan_digest}}, {{after}});
-- step, in a transaction, undone in every rollback, needs, needs on the way back, digests of its statements
CALL rekey.register_steps({{phase}}, {{steps}});
%up
{{#before_checks}}
CALL rekey.expect_none({{phase}}, {{name}}, {{query}});
{{/before_checks}}
{{#droppable}}
{{.}}
{{/droppable}}
%down
CALL rekey.withdraw_phase({{phase}});
