%both
{{#before}}
{{.}}
{{/before}}
-- Waits for a vacuum, which gives way to it; readers and writers do not wait. Nobody else alters the tables from here on.
LOCK TABLE {{locked}} IN SHARE UPDATE EXCLUSIVE MODE;
{{#ahead}}
{{.}}
{{/ahead}}
-- All of them at once or none, in many tries, some of which take their turn for a short time.{{views}}
CALL rekey.lock_out({{locked_literals}});
{{#statements}}
{{.}}
{{/statements}}
