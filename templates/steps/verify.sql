{{#tables}}
SELECT * FROM rekey.check_content({{phase}}, {{step}}, {{table}});
SELECT * FROM rekey.check_indexes({{phase}}, {{table}});
{{/tables}}
{{#columns}}
SELECT * FROM rekey.check_key({{phase}}, {{table}}, {{column}});
{{/columns}}
{{#foreign_keys}}
SELECT * FROM rekey.check_foreign_key({{phase}}, {{table}}, {{name}}, {{valid}});
{{/foreign_keys}}
{{#probes}}
SELECT * FROM rekey.check_probe({{phase}}, {{name}}, (
{{query}}
));
{{/probes}}
