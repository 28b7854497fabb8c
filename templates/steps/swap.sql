%both
{{#before}}
{{.}}
{{/before}}
-- Waits for a vacuum, which gives way to it; readers and writers do not wait.
LOCK TABLE {{locked}} IN SHARE UPDATE EXCLUSIVE MODE;
-- All of them at once or none, in many tries, some of which take their turn for less than a tenth of a second.{{views}}
CALL rekey.lock_out({{locked_literal}});
{{#statements}}
{{.}}
{{/statements}}
