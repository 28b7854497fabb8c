%up
{{foundation}}
INSERT INTO rekey.plan (name, format) VALUES ({{plan}}, {{format}});
INSERT INTO rekey.phases (phase, name, plan_digest, state)
VALUES ({{phase}}, {{phase_name}}, {{plan_digest}}, 'applied');
INSERT INTO rekey.steps (step, phase, position, transactional, undo_always, needs, undo_needs, up_digest, down_digest, state)
VALUES ({{step}}, {{phase}}, 1, true, false, '{}', '{}', {{journal_up}}, {{journal_down}}, 'done');
INSERT INTO rekey.history (step, event) VALUES ({{step}}, 'done');
{{#before_checks}}
CALL rekey.expect_none({{phase}}, {{name}}, {{query}});
{{/before_checks}}
{{#bridge}}
{{bridge}}
{{/bridge}}
{{#throttle}}
UPDATE rekey.throttle SET {{throttle}};
{{/throttle}}
{{#droppable}}
{{.}}
{{/droppable}}
{{#most_tables}}
CALL rekey.expect_room_for_locks({{most_tables}});
{{/most_tables}}
{{#online}}
{{#parts}}
CALL rekey.expect_partitions({{table}}, {{members}});
{{/parts}}
CALL rekey.expect_online({{table}}, {{names}});
{{#bridge}}
CALL rekey.expect_bridge({{table}});
{{/bridge}}
{{/online}}
%down
CALL rekey.begin_undo({{step}});
{{#new_key_function}}
DROP FUNCTION {{new_key_function}}();
{{/new_key_function}}
{{#bridge}}
DROP SCHEMA IF EXISTS rekey_old, rekey_new;
{{/bridge}}
{{#extension}}
DO $do$
BEGIN
  IF EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = {{extension_literal}} AND extnamespace = 'rekey'::regnamespace) THEN
    DROP EXTENSION {{extension}};
  END IF;
END
$do$;
{{/extension}}
{{drop}}
