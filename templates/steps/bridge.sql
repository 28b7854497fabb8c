%up
{{#tables}}
CALL rekey.make_bridge('rekey_old', {{table}}, {{hidden}}, {{names}}, {{names}}, {{names}});
{{/tables}}
%down
{{#tables}}
DROP VIEW rekey_old.{{name}};
{{/tables}}
