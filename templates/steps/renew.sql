%up
CALL rekey.renew_function({{function}});
%down
CALL rekey.renew_function({{function}});
