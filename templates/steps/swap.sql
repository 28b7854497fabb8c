%both
LOCK TABLE {{locked}} IN ACCESS EXCLUSIVE MODE NOWAIT;
{{#statements}}
{{.}}
{{/statements}}
