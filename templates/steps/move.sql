%up
LOCK TABLE {{table}} IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.begin_move({{tables}});
CALL rekey.measure({{step}}, 'before', {{table_literal}}, {{names}});
UPDATE {{table}} SET
{{#columns}}
  {{name}} = rekey.new_or_same({{name}}, {{stage}}){{end}}
{{/columns}}
WHERE {{#columns}}{{or}}{{name}} IN (SELECT old_key FROM rekey.pairs WHERE domain = {{stage}}){{/columns}};
CALL rekey.note_changed({{tables}}, {{names}}, true);
CALL rekey.measure({{step}}, 'after', {{table_literal}}, {{names}});
%down
LOCK TABLE {{table}} IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.begin_move({{tables}});
CALL rekey.measure({{step}}, 'before', {{table_literal}}, {{names}});
UPDATE {{table}} SET
{{#columns}}
  {{name}} = coalesce(rekey.old_of_pair({{name}}, {{stage}}), {{name}}){{end}}
{{/columns}}
WHERE {{#columns}}{{or}}{{name}} IN (SELECT new_key FROM rekey.pairs WHERE domain = {{stage}}){{/columns}};
{{#first}}
CALL rekey.note_changed({{tables}}, {{names}}, false);
{{/first}}
CALL rekey.measure({{step}}, 'after', {{table_literal}}, {{names}});
