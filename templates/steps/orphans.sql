%up
LOCK TABLE {{tables}} IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.begin_repair();
-- table, columns that refer, table and columns that they refer to, what becomes of the rows, MATCH
{{#rules}}
CALL rekey.note_rule({{step}}, {{child}}, {{columns}}, {{parent}}, {{parent_columns}}, {{action}}, {{match}});
{{/rules}}
-- all of them, again until what one removes leaves no orphans to another
CALL rekey.settle_orphans({{step}});
CALL rekey.expect_no_children({{step}});
CALL rekey.expect_legacy({{phase}});
%down
LOCK TABLE {{tables}} IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.begin_repair();
CALL rekey.restore_rows({{step}});
