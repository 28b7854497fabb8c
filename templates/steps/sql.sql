%up
{{#fenced}}
-- The fence of this phase lets this transaction through.
SET LOCAL rekey.fence = 'open';
{{/fenced}}
{{up}}
%down
{{#fenced}}
{{#down}}
-- The fence of this phase lets this transaction through.
SET LOCAL rekey.fence = 'open';
{{/down}}
{{/fenced}}
{{#down}}
{{down}}
{{/down}}
