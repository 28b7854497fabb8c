%up
{{#indexes}}
CALL rekey.join_twins({{table}}, {{named}}, {{twin_literal}}, {{definition}}, {{names}}, {{others}});
{{/indexes}}
%down
{{#parts}}
-- All of it at once: who has locked a partition already may come for the table next.
CALL rekey.lock_out({{table_literal}});
{{/parts}}
{{#indexes}}
DROP INDEX IF EXISTS {{twin}};
{{/indexes}}
