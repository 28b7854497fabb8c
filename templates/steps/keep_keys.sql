%up
CALL rekey.begin_step({{step}});
CALL rekey.settle_old_keys({{step}}, {{table_literal}}, {{column}}, {{assigned}}, {{condition}});
CALL rekey.end_step({{step}});
%down
CALL rekey.begin_undo({{step}});
CALL rekey.settle_old_keys({{step}}, {{table_literal}}, {{column}}, {{assigned}}, {{condition}});
CALL rekey.end_undo({{step}});
