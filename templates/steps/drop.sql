%up
LOCK TABLE {{table}}{{#targets}}, {{.}}{{/targets}} IN ACCESS EXCLUSIVE MODE;
{{#drops}}
CALL rekey.archive_columns({{step}}, {{archive}}, {{table_literal}}, {{names}}, {{key}}, {{expressions}}, {{sources}});
{{/drops}}
{{#untie}}
{{untie}}
{{/untie}}
{{#drops}}
ALTER TABLE {{table}}
{{#columns}}
  DROP COLUMN {{name}}{{separator}}
{{/columns}}
{{/drops}}
%down
LOCK TABLE {{table}} IN ACCESS EXCLUSIVE MODE;
{{#targets}}
LOCK TABLE {{.}} IN SHARE ROW EXCLUSIVE MODE;
{{/targets}}
{{#drops}}
CALL rekey.restore_archived({{step}}, {{table_literal}}, {{names}}, {{key}}, {{expressions}}, {{sources}});
{{/drops}}
{{#expected}}
{{.}}
{{/expected}}
{{#tie}}
{{tie}}
{{/tie}}
