%up
{{#parts}}
-- All of it at once: who has locked a partition already may come for the table next.
CALL rekey.lock_out({{table_literal}});
{{/parts}}
{{^parts}}
-- Whoever has written rows by the function of before has committed them then.
LOCK TABLE {{table}} IN ACCESS EXCLUSIVE MODE;
{{/parts}}
{{sync}}
CALL rekey.require({{table_literal}}, {{names}}, {{others}});
%down
{{#parts}}
-- All of it at once: who has locked a partition already may come for the table next.
CALL rekey.lock_out({{table_literal}});
{{/parts}}
CALL rekey.require_no_more({{table_literal}});
CALL rekey.allow_null({{table_literal}}, {{others}});
{{sync_before}}
