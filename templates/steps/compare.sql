%up
{{#given}}
CALL rekey.give_rest({{table_literal}}, {{.}});
{{/given}}
CALL rekey.expect_agreement({{table_literal}}, {{condition}});
%down
