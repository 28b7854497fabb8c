%up
CALL rekey.close_phase({{phase}});
%down
