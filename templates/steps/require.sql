%up
{{#parts}}
-- All of it at once: who has locked a partition already may come for the table next.
CALL rekey.lock_out({{table_literal}});
{{/parts}}
CALL rekey.require({{table_literal}}, {{names}}, {{others}});
%down
{{#parts}}
-- All of it at once: who has locked a partition already may come for the table next.
CALL rekey.lock_out({{table_literal}});
{{/parts}}
CALL rekey.require_no_more({{table_literal}});
