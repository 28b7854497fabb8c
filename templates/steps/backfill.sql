%up
CALL rekey.begin_step({{step}});
CALL rekey.backfill({{step}}, {{table_literal}}, {{assigned}}, {{missing}});
CALL rekey.end_step({{step}});
%down
CALL rekey.begin_undo({{step}});
DELETE FROM rekey.backfills WHERE step = {{step}};
CALL rekey.end_undo({{step}});
