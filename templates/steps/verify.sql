{{#tables}}
SELECT * FROM rekey.check_content({{phase}}, {{step}}, {{table}});
{{/tables}}
{{#changed}}
SELECT * FROM rekey.check_indexes({{phase}}, {{.}});
{{/changed}}
{{#agreeing}}
SELECT * FROM rekey.check_agreement({{phase}}, {{table}}, {{condition}});
{{/agreeing}}
{{#keys}}
SELECT * FROM rekey.check_keys({{phase}}, {{.}});
{{/keys}}
{{#columns}}
SELECT * FROM rekey.check_key({{phase}}, {{table}}, {{column}});
{{/columns}}
{{#foreign_keys}}
SELECT * FROM rekey.check_foreign_key({{phase}}, {{table}}, {{name}}, {{valid}});
{{/foreign_keys}}
{{#ties}}
SELECT * FROM rekey.check_tie({{phase}}, {{table}}, {{function}}, {{what}}, {{query}});
{{/ties}}
{{#dropped}}
SELECT * FROM rekey.check_dropped({{phase}}, {{step}}, {{table}});
{{/dropped}}
{{#dependents}}
SELECT * FROM rekey.check_dependent({{phase}}, {{kind}}, {{name}}, {{table}}, {{expected}});
{{/dependents}}
{{#remade}}
SELECT * FROM rekey.record_check({{phase}}, 'text', {{object}}, true,
  'made from its own definition PostgreSQL writes it otherwise: after a rollback as after a dump and restore');
{{/remade}}
{{#repairs}}
SELECT * FROM rekey.check_archives({{phase}});
{{/repairs}}
{{#probes}}
SELECT * FROM rekey.check_probe({{phase}}, {{name}}, (
{{query}}
));
{{/probes}}
{{#checks}}
SELECT * FROM rekey.check_none({{phase}}, {{name}}, {{query}});
{{/checks}}
{{#sql}}
SELECT * FROM rekey.record_check({{phase}}, 'sql', {{name}}, (
{{query}}
), '');
{{/sql}}
