%both
{{#before}}
{{.}}
{{/before}}
-- Waits for a vacuum, which gives way to it; readers and writers do not wait.
LOCK TABLE {{locked}} IN SHARE UPDATE EXCLUSIVE MODE;
-- All of them at once or none, in many tries, some of which take their turn for a short time.{{views}}
CALL rekey.lock_out({{locked_literals}});
{{#statements}}
{{.}}
{{/statements}}
