%up
%down
{{unsync}}{{sync}}
