%up
{{#indexes}}
CALL rekey.join_twins({{table}}, {{named}}, {{twin_literal}}, {{definition}}, {{names}}, {{others}});
{{/indexes}}
%down
{{#indexes}}
DROP INDEX IF EXISTS {{twin}};
{{/indexes}}
