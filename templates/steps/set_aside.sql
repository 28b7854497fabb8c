%up
{{drop}}
%down
{{definition}}
