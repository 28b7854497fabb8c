%up
CALL rekey.expect_agreement({{table_literal}}, {{condition}});
%down
