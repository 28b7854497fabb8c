%both
{{#foreign_keys}}
CALL rekey.join_foreign_key({{arguments}}, {{definition}});
{{#comment}}
COMMENT ON CONSTRAINT {{name}} ON {{table}} IS {{comment}};
{{/comment}}
{{/foreign_keys}}
