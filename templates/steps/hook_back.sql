%up
%down
{{sync}}
