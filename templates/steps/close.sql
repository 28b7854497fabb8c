%up
{{#tables}}
DROP TRIGGER rekey_fence ON {{.}};
{{/tables}}
{{#anew}}
CALL rekey.note_shape({{phase}}, {{.}});
{{/anew}}
CALL rekey.close_phase({{phase}});
%down
{{#tables}}
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {{.}}
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence({{phase}});
ALTER TABLE {{.}} ENABLE ALWAYS TRIGGER rekey_fence;
{{/tables}}
{{#anew}}
CALL rekey.expect_shape({{phase}}, {{.}});
{{/anew}}
{{#ties}}
{{.}}
{{/ties}}
CALL rekey.expect_way_back({{phase}});
