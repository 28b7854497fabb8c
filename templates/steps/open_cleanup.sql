%before
CALL rekey.open_phase({{phase}}, {{phase_name}}, {{plan_digest}}, {{after}});
INSERT INTO rekey.steps (step, phase, position, transactional, undo_always, needs, undo_needs, up_digest, down_digest)
VALUES
{{#steps}}
  ({{step}}, {{phase}}, {{position}}, {{transactional}}, {{undo_always}}, {{needs}}, {{undo_needs}},
   {{journal_up}}, {{journal_down}}){{separator}}
{{/steps}}
%up
%down
CALL rekey.withdraw_phase({{phase}});
