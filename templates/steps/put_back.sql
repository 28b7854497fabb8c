%up
{{definition}}
%down
{{drop}}
