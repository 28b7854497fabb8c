%up
CALL rekey.begin_step({{step}});
CALL rekey.{{settle}}({{step}}, {{table_literal}}, {{column}}, {{assigned}}, {{condition}}{{members}});
CALL rekey.end_step({{step}});
%down
CALL rekey.begin_undo({{step}});
CALL rekey.{{settle}}({{step}}, {{table_literal}}, {{column}}, {{assigned}}, {{condition}}{{members}});
CALL rekey.end_undo({{step}});
