%both
CALL rekey.expect_moved({{phase}});
CALL rekey.expect_references({{phase}});
