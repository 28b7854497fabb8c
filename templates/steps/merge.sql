%up
LOCK TABLE {{tables}} IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.begin_repair();
INSERT INTO rekey.merged_columns (step, domain, table_name, column_name, is_own, is_root, is_array)
VALUES
{{#columns}}
  ({{step}}, {{domain}}, {{table}}, {{column}}, {{own}}, {{root}}, {{array}}){{separator}}
{{/columns}}
-- key, key of the row that it becomes, and its place behind that
CALL rekey.find_duplicates({{step}}, {{domain}}, {{query}});
CALL rekey.merge_rows({{step}});
CALL rekey.expect_no_children({{step}});
%down
LOCK TABLE {{tables}} IN SHARE ROW EXCLUSIVE MODE;
CALL rekey.begin_repair();
CALL rekey.restore_rows({{step}});
CALL rekey.forget_merges({{step}});
