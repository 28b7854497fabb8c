%both
-- Waits for a vacuum, which gives way to it; readers and writers do not wait.
LOCK TABLE {{locked}} IN SHARE UPDATE EXCLUSIVE MODE;
LOCK TABLE {{locked}} IN ACCESS EXCLUSIVE MODE NOWAIT;
{{#statements}}
{{.}}
{{/statements}}
