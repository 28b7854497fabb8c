%up
{{#tables}}
DROP VIEW rekey_new.{{name}};
DROP VIEW rekey_old.{{name}};
{{/tables}}
DROP SCHEMA rekey_new;
DROP SCHEMA rekey_old;
%down
{{bridges}}
{{#tables}}
CALL rekey.make_bridge('rekey_old', {{table}}, {{names}}, {{legacy}}, {{legacy}}, {{names}});
CALL rekey.make_bridge('rekey_new', {{table}}, {{names}}, {{legacy}}, {{names}}, {{names}});
{{/tables}}
