%up
{{#parts}}
-- All of it at once: who has locked a partition already may come for the table next.
CALL rekey.lock_out({{table_literal}});
{{/parts}}
CALL rekey.set_required({{table_literal}}, {{names}}, {{others}});
%down
