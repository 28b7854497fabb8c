-- Plan names, phase 020 Order | Head (2 of 3): the way back
-- Plan digest sha256:eeb6b8631fb06780032095c6095aaa6be47b680e442ba61ebd9dace786e46191
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-Order-Head/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-Order-Head/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 020.close · offline
-- way back: puts the fence up again
-- SHARE ROW EXCLUSIVE on "Sales"."Order | Head", "Sales"."it's a ""line"""; reads all of
--   "Sales"."Order | Head", "Sales"."it's a ""line"""
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.close');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON "Sales"."Order | Head"
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE "Sales"."Order | Head" ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON "Sales"."it's a ""line"""
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE "Sales"."it's a ""line""" ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.expect_way_back('020');
CALL rekey.end_undo('020.close');
COMMIT;

-- step 020.Sales.it-s-a-line-_2.attach · offline · plan.yaml:11
-- way back: sets 1 foreign key of "Sales"."it's a ""line""" aside
-- ACCESS EXCLUSIVE on "Sales"."it's a ""line""", "Sales"."Order | Head"
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.Sales.it-s-a-line-_2.attach');
ALTER TABLE "Sales"."it's a ""line"""
  DROP CONSTRAINT "Head -- of it";
CALL rekey.end_undo('020.Sales.it-s-a-line-_2.attach');
COMMIT;

-- step 020.Sales.Order-Head_1.keys · offline · plan.yaml:9
-- way back: gives rows of Sales."Order | Head".Order No written since a legacy id
-- ACCESS SHARE on "Sales"."Order | Head"; reads all of "Sales"."Order | Head"
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.Sales.Order-Head_1.keys');
CALL rekey.assign_legacy_ids('Sales."Order | Head".Order No');
CALL rekey.end_undo('020.Sales.Order-Head_1.keys');
COMMIT;

-- step 020.Sales.it-s-a-line-_2.keys · offline · plan.yaml:15
-- way back: gives rows of Sales."it's a ""line""".größe written since a legacy id
-- ACCESS SHARE on "Sales"."it's a ""line"""; reads all of "Sales"."it's a ""line"""
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.Sales.it-s-a-line-_2.keys');
CALL rekey.assign_legacy_ids('Sales."it''s a ""line""".größe');
CALL rekey.end_undo('020.Sales.it-s-a-line-_2.keys');
COMMIT;

-- step 020.Sales.Order-Head_1.rewrite · offline · plan.yaml:6
-- way back: "Sales"."Order | Head": Order No back to their old types
-- ACCESS EXCLUSIVE on "Sales"."Order | Head"; rewrites "Sales"."Order | Head"; reads all of
--   "Sales"."Order | Head"
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.Sales.Order-Head_1.rewrite');
LOCK TABLE "Sales"."Order | Head" IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.Sales.Order-Head_1.rewrite', 'before', '"Sales"."Order | Head"', ARRAY['Order No']);
ALTER TABLE "Sales"."Order | Head"
  ALTER COLUMN "Order No" DROP DEFAULT,
  ALTER COLUMN "Order No" SET DEFAULT nextval('"Sales"."Order No_seq"'::regclass),
  ALTER COLUMN "Order No" TYPE integer
    USING rekey.ordered_back("Order No", 'Sales."Order | Head".Order No')::integer;
CALL rekey.measure('020.Sales.Order-Head_1.rewrite', 'after', '"Sales"."Order | Head"', ARRAY['Order No']);
CALL rekey.end_undo('020.Sales.Order-Head_1.rewrite');
COMMIT;

-- step 020.Sales.it-s-a-line-_2.rewrite · offline · plan.yaml:11
-- way back: "Sales"."it's a ""line""": select, größe back to their old types
-- ACCESS EXCLUSIVE on "Sales"."it's a ""line"""; rewrites "Sales"."it's a ""line"""; reads all of
--   "Sales"."it's a ""line"""
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.Sales.it-s-a-line-_2.rewrite');
LOCK TABLE "Sales"."it's a ""line""" IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.Sales.it-s-a-line-_2.rewrite', 'before', '"Sales"."it''s a ""line"""', ARRAY['select', 'größe']);
ALTER TABLE "Sales"."it's a ""line"""
  ALTER COLUMN "select" TYPE integer
    USING rekey.ordered_back("select", 'Sales."Order | Head".Order No')::integer,
  ALTER COLUMN "größe" DROP DEFAULT,
  ALTER COLUMN "größe" TYPE smallint
    USING rekey.ordered_back("größe", 'Sales."it''s a ""line""".größe')::smallint;
ALTER TABLE "Sales"."it's a ""line""" ALTER COLUMN "größe" ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME "Sales"."größe's seq");
CALL rekey.restore_sequence('"Sales"."it''s a ""line"""', 'größe');
CALL rekey.measure('020.Sales.it-s-a-line-_2.rewrite', 'after', '"Sales"."it''s a ""line"""', ARRAY['select', 'größe']);
CALL rekey.end_undo('020.Sales.it-s-a-line-_2.rewrite');
COMMIT;

-- step 020.Sales.it-s-a-line-_2.detach · offline · plan.yaml:11
-- way back: puts 1 foreign key of "Sales"."it's a ""line""" back, not yet validated
-- SHARE ROW EXCLUSIVE on "Sales"."it's a ""line""", "Sales"."Order | Head"
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.Sales.it-s-a-line-_2.detach');
ALTER TABLE "Sales"."it's a ""line"""
  ADD CONSTRAINT "Head -- of it" FOREIGN KEY ("select") REFERENCES "Sales"."Order | Head"("Order No") NOT VALID;
COMMENT ON CONSTRAINT "Head -- of it" ON "Sales"."it's a ""line""" IS E'it''s
old \\ slow';
CALL rekey.end_undo('020.Sales.it-s-a-line-_2.detach');
COMMIT;

-- step 020.Sales.it-s-a-line-_2.validate · offline · plan.yaml:11
-- way back: checks every row of "Sales"."it's a ""line""" against its foreign keys
-- SHARE UPDATE EXCLUSIVE on "Sales"."it's a ""line"""; ROW SHARE on "Sales"."Order | Head"; reads
--   all of "Sales"."it's a ""line"""
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.Sales.it-s-a-line-_2.validate');
ALTER TABLE "Sales"."it's a ""line"""
  VALIDATE CONSTRAINT "Head -- of it";
CALL rekey.end_undo('020.Sales.it-s-a-line-_2.validate');
COMMIT;

-- step 020.Sales.Order-Head_1.vacuum · offline · outside of a transaction · plan.yaml:6
-- way back: fresh statistics and visibility map for "Sales"."Order | Head"
-- SHARE UPDATE EXCLUSIVE on "Sales"."Order | Head"; reads all of "Sales"."Order | Head"
CALL rekey.begin_undo('020.Sales.Order-Head_1.vacuum');
VACUUM (ANALYZE) "Sales"."Order | Head";
CALL rekey.end_undo('020.Sales.Order-Head_1.vacuum', analyzed => '"Sales"."Order | Head"');

-- step 020.Sales.it-s-a-line-_2.vacuum · offline · outside of a transaction · plan.yaml:11
-- way back: fresh statistics and visibility map for "Sales"."it's a ""line"""
-- SHARE UPDATE EXCLUSIVE on "Sales"."it's a ""line"""; reads all of "Sales"."it's a ""line"""
CALL rekey.begin_undo('020.Sales.it-s-a-line-_2.vacuum');
VACUUM (ANALYZE) "Sales"."it's a ""line""";
CALL rekey.end_undo('020.Sales.it-s-a-line-_2.vacuum', analyzed => '"Sales"."it''s a ""line"""');

-- step 020.open · offline
-- way back: takes the fence down: the phase is rolled back
-- ACCESS EXCLUSIVE on "Sales"."Order | Head", "Sales"."it's a ""line"""
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.open');
DROP TRIGGER rekey_fence ON "Sales"."Order | Head";
DROP TRIGGER rekey_fence ON "Sales"."it's a ""line""";
CALL rekey.withdraw_phase('020');
CALL rekey.end_undo('020.open');
COMMIT;

