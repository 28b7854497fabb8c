%up
%down
{{#indexes}}
DROP INDEX IF EXISTS {{twin}};
CALL rekey.join_twins({{table}}, {{named}}, {{twin_literal}}, {{definition}}, {{names}}, {{others}});
{{/indexes}}
