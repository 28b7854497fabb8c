%both
-- It and what it refers to: the triggers of the parts' foreign keys go.
CALL rekey.lock_out({{locked}});
{{#foreign_keys}}
CALL rekey.join_foreign_key({{arguments}}, {{definition}});
{{#comment}}
COMMENT ON CONSTRAINT {{name}} ON {{table}} IS {{comment}};
{{/comment}}
{{/foreign_keys}}
