-- Plan families, phase 020 customer (2 of 3): the way back
-- Plan digest sha256:dd85670ef1cd0b024b2eb395add3cd1dd51794af4cd28cc6dd220d2945be93b4
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 020-customer/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 020-customer/down.sql | psql -X -v ON_ERROR_STOP=1

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
-- SHARE ROW EXCLUSIVE on public.customer, public.payment, public.payment_1, public.payment_2,
--   public.base, public.derived, public.bybase; reads all of public.customer, public.payment,
--   public.payment_1, public.payment_2, public.base, public.derived, public.bybase
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.close');
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.customer
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.customer ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.payment
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.payment ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.payment_1
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.payment_1 ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.payment_2
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.payment_2 ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.base
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.base ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.derived
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.derived ENABLE ALWAYS TRIGGER rekey_fence;
CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.bybase
  FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');
ALTER TABLE public.bybase ENABLE ALWAYS TRIGGER rekey_fence;
CALL rekey.expect_way_back('020');
CALL rekey.end_undo('020.close');
COMMIT;

-- step 020.payment_1.attach · offline · plan.yaml:16
-- way back: sets 1 foreign key of public.payment_1 aside
-- ACCESS EXCLUSIVE on public.payment_1, public.customer
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.payment_1.attach');
ALTER TABLE public.payment_1
  DROP CONSTRAINT p1c;
CALL rekey.end_undo('020.payment_1.attach');
COMMIT;

-- step 020.payment_2.attach · offline · plan.yaml:23
-- way back: sets 1 foreign key of public.payment_2 aside
-- ACCESS EXCLUSIVE on public.payment_2, public.customer
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.payment_2.attach');
ALTER TABLE public.payment_2
  DROP CONSTRAINT p2c;
CALL rekey.end_undo('020.payment_2.attach');
COMMIT;

-- step 020.base.attach · offline · plan.yaml:30
-- way back: sets 1 foreign key of public.base aside
-- ACCESS EXCLUSIVE on public.base, public.customer, public.derived
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.base.attach');
ALTER TABLE public.base
  DROP CONSTRAINT base_owner_fkey;
CALL rekey.end_undo('020.base.attach');
COMMIT;

-- step 020.bybase.attach · offline · plan.yaml:42
-- way back: sets 1 foreign key of public.bybase aside
-- ACCESS EXCLUSIVE on public.bybase, public.derived
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.bybase.attach');
ALTER TABLE public.bybase
  DROP CONSTRAINT bybase_base_id_fkey;
CALL rekey.end_undo('020.bybase.attach');
COMMIT;

-- step 020.customer.keys · offline · plan.yaml:8
-- way back: gives rows of public.customer.customer_id written since a legacy id
-- ACCESS SHARE on public.customer, public.payment, public.base; reads all of public.customer,
--   public.payment, public.base
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.customer.keys');
CALL rekey.assign_legacy_ids('public.customer.customer_id');
CALL rekey.end_undo('020.customer.keys');
COMMIT;

-- step 020.payment.keys · offline · plan.yaml:14
-- way back: gives rows of public.payment.payment_id written since a legacy id
-- ACCESS SHARE on public.payment; reads all of public.payment
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.payment.keys');
CALL rekey.assign_legacy_ids('public.payment.payment_id');
CALL rekey.end_undo('020.payment.keys');
COMMIT;

-- step 020.base.keys · offline · plan.yaml:33
-- way back: gives rows of public.base.id written since a legacy id
-- ACCESS SHARE on public.base; reads all of public.base
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.base.keys');
CALL rekey.assign_legacy_ids('public.base.id');
CALL rekey.end_undo('020.base.keys');
COMMIT;

-- step 020.bybase.keys · offline · plan.yaml:45
-- way back: gives rows of public.bybase.id written since a legacy id
-- ACCESS SHARE on public.bybase; reads all of public.bybase
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.bybase.keys');
CALL rekey.assign_legacy_ids('public.bybase.id');
CALL rekey.end_undo('020.bybase.keys');
COMMIT;

-- step 020.customer.rewrite · offline · plan.yaml:6
-- way back: public.customer: customer_id back to their old types
-- ACCESS EXCLUSIVE on public.customer; rewrites public.customer; reads all of public.customer
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.customer.rewrite');
LOCK TABLE public.customer IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.customer.rewrite', 'before', 'public.customer', ARRAY['customer_id']);
ALTER TABLE public.customer
  ALTER COLUMN customer_id DROP DEFAULT,
  ALTER COLUMN customer_id SET DEFAULT nextval('public.customer_customer_id_seq'::regclass),
  ALTER COLUMN customer_id TYPE integer
    USING rekey.ordered_back(customer_id, 'public.customer.customer_id')::integer;
CALL rekey.measure('020.customer.rewrite', 'after', 'public.customer', ARRAY['customer_id']);
CALL rekey.end_undo('020.customer.rewrite');
COMMIT;

-- step 020.payment.rewrite · offline · plan.yaml:9
-- way back: public.payment: payment_id, customer_id back to their old types
-- ACCESS EXCLUSIVE on public.payment, public.payment_1, public.payment_2; rewrites public.payment,
--   public.payment_1, public.payment_2; reads all of public.payment
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.payment.rewrite');
LOCK TABLE public.payment IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.payment.rewrite', 'before', 'public.payment', ARRAY['payment_id', 'customer_id']);
ALTER TABLE ONLY public.payment ALTER COLUMN payment_id DROP DEFAULT;
ALTER TABLE ONLY public.payment_1 ALTER COLUMN payment_id DROP DEFAULT;
ALTER TABLE ONLY public.payment ALTER COLUMN customer_id DROP DEFAULT;
ALTER TABLE ONLY public.payment_1 ALTER COLUMN customer_id DROP DEFAULT;
ALTER TABLE ONLY public.payment_2 ALTER COLUMN customer_id DROP DEFAULT;
CALL rekey.keep_partition_indexes('public.payment');
ALTER TABLE public.payment
  ALTER COLUMN payment_id TYPE integer
    USING rekey.ordered_back(payment_id, 'public.payment.payment_id')::integer,
  ALTER COLUMN customer_id TYPE public.cust_id
    USING rekey.ordered_back(customer_id, 'public.customer.customer_id')::public.cust_id;
ALTER TABLE ONLY public.payment ALTER COLUMN payment_id SET DEFAULT nextval('public.payment_payment_id_seq'::regclass);
ALTER TABLE ONLY public.payment_1 ALTER COLUMN payment_id SET DEFAULT nextval('public.payment_payment_id_seq'::regclass);
ALTER TABLE ONLY public.payment ALTER COLUMN customer_id SET DEFAULT 2;
ALTER TABLE ONLY public.payment_1 ALTER COLUMN customer_id SET DEFAULT 2;
ALTER TABLE ONLY public.payment_2 ALTER COLUMN customer_id SET DEFAULT 2;
CALL rekey.restore_partition_indexes('public.payment');
CALL rekey.measure('020.payment.rewrite', 'after', 'public.payment', ARRAY['payment_id', 'customer_id']);
CALL rekey.end_undo('020.payment.rewrite');
COMMIT;

-- step 020.base.rewrite · offline · plan.yaml:30
-- way back: public.base: id, owner back to their old types
-- ACCESS EXCLUSIVE on public.base, public.derived; rewrites public.base, public.derived; reads all
--   of public.base
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.base.rewrite');
LOCK TABLE public.base IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.base.rewrite', 'before', 'public.base', ARRAY['id', 'owner']);
ALTER TABLE ONLY public.base ALTER COLUMN id DROP DEFAULT;
ALTER TABLE ONLY public.derived ALTER COLUMN id DROP DEFAULT;
ALTER TABLE public.base
  ALTER COLUMN id TYPE integer
    USING rekey.ordered_back(id, 'public.base.id')::integer,
  ALTER COLUMN owner TYPE integer
    USING rekey.ordered_back(owner, 'public.customer.customer_id')::integer;
ALTER TABLE ONLY public.base ALTER COLUMN id SET DEFAULT nextval('public.base_id_seq'::regclass);
ALTER TABLE ONLY public.derived ALTER COLUMN id SET DEFAULT nextval('public.base_id_seq'::regclass);
CALL rekey.measure('020.base.rewrite', 'after', 'public.base', ARRAY['id', 'owner']);
CALL rekey.end_undo('020.base.rewrite');
COMMIT;

-- step 020.bybase.rewrite · offline · plan.yaml:42
-- way back: public.bybase: id, base_id back to their old types
-- ACCESS EXCLUSIVE on public.bybase; rewrites public.bybase; reads all of public.bybase
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.bybase.rewrite');
LOCK TABLE public.bybase IN ACCESS EXCLUSIVE MODE;
CALL rekey.measure('020.bybase.rewrite', 'before', 'public.bybase', ARRAY['id', 'base_id']);
ALTER TABLE public.bybase
  ALTER COLUMN id DROP DEFAULT,
  ALTER COLUMN id SET DEFAULT nextval('public.bybase_id_seq'::regclass),
  ALTER COLUMN id TYPE integer
    USING rekey.ordered_back(id, 'public.bybase.id')::integer,
  ALTER COLUMN base_id TYPE integer
    USING rekey.ordered_back(base_id, 'public.base.id')::integer;
CALL rekey.measure('020.bybase.rewrite', 'after', 'public.bybase', ARRAY['id', 'base_id']);
CALL rekey.end_undo('020.bybase.rewrite');
COMMIT;

-- step 020.payment_1.detach · offline · plan.yaml:16
-- way back: puts 1 foreign key of public.payment_1 back, not yet validated
-- SHARE ROW EXCLUSIVE on public.payment_1, public.customer
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.payment_1.detach');
ALTER TABLE public.payment_1
  ADD CONSTRAINT p1c FOREIGN KEY (customer_id) REFERENCES public.customer(customer_id) NOT VALID;
CALL rekey.end_undo('020.payment_1.detach');
COMMIT;

-- step 020.payment_2.detach · offline · plan.yaml:23
-- way back: puts 1 foreign key of public.payment_2 back, not yet validated
-- SHARE ROW EXCLUSIVE on public.payment_2, public.customer
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.payment_2.detach');
ALTER TABLE public.payment_2
  ADD CONSTRAINT p2c FOREIGN KEY (customer_id) REFERENCES public.customer(customer_id) NOT VALID;
CALL rekey.end_undo('020.payment_2.detach');
COMMIT;

-- step 020.base.detach · offline · plan.yaml:30
-- way back: puts 1 foreign key of public.base back, not yet validated
-- SHARE ROW EXCLUSIVE on public.base, public.customer, public.derived
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.base.detach');
ALTER TABLE public.base
  ADD CONSTRAINT base_owner_fkey FOREIGN KEY (owner) REFERENCES public.customer(customer_id) NOT VALID;
CALL rekey.end_undo('020.base.detach');
COMMIT;

-- step 020.bybase.detach · offline · plan.yaml:42
-- way back: puts 1 foreign key of public.bybase back, not yet validated
-- SHARE ROW EXCLUSIVE on public.bybase, public.derived
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.bybase.detach');
ALTER TABLE public.bybase
  ADD CONSTRAINT bybase_base_id_fkey FOREIGN KEY (base_id) REFERENCES public.derived(id) NOT VALID;
CALL rekey.end_undo('020.bybase.detach');
COMMIT;

-- step 020.payment_1.validate · offline · plan.yaml:16
-- way back: checks every row of public.payment_1 against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.payment_1; ROW SHARE on public.customer; reads all of
--   public.payment_1
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.payment_1.validate');
ALTER TABLE public.payment_1
  VALIDATE CONSTRAINT p1c;
CALL rekey.end_undo('020.payment_1.validate');
COMMIT;

-- step 020.payment_2.validate · offline · plan.yaml:23
-- way back: checks every row of public.payment_2 against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.payment_2; ROW SHARE on public.customer; reads all of
--   public.payment_2
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.payment_2.validate');
ALTER TABLE public.payment_2
  VALIDATE CONSTRAINT p2c;
CALL rekey.end_undo('020.payment_2.validate');
COMMIT;

-- step 020.base.validate · offline · plan.yaml:30
-- way back: checks every row of public.base against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.base, public.derived; ROW SHARE on public.customer; reads all of
--   public.base, public.derived
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.base.validate');
ALTER TABLE public.base
  VALIDATE CONSTRAINT base_owner_fkey;
CALL rekey.end_undo('020.base.validate');
COMMIT;

-- step 020.bybase.validate · offline · plan.yaml:42
-- way back: checks every row of public.bybase against its foreign keys
-- SHARE UPDATE EXCLUSIVE on public.bybase; ROW SHARE on public.derived; reads all of public.bybase
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.bybase.validate');
ALTER TABLE public.bybase
  VALIDATE CONSTRAINT bybase_base_id_fkey;
CALL rekey.end_undo('020.bybase.validate');
COMMIT;

-- step 020.customer.vacuum · offline · outside of a transaction · plan.yaml:6
-- way back: fresh statistics and visibility map for public.customer
-- SHARE UPDATE EXCLUSIVE on public.customer; reads all of public.customer
CALL rekey.begin_undo('020.customer.vacuum');
VACUUM (ANALYZE) public.customer;
CALL rekey.end_undo('020.customer.vacuum', analyzed => 'public.customer');

-- step 020.payment.vacuum · offline · outside of a transaction · plan.yaml:9
-- way back: fresh statistics and visibility map for public.payment
-- SHARE UPDATE EXCLUSIVE on public.payment, public.payment_1, public.payment_2; reads all of
--   public.payment
CALL rekey.begin_undo('020.payment.vacuum');
VACUUM (ANALYZE) public.payment;
CALL rekey.end_undo('020.payment.vacuum', analyzed => 'public.payment');

-- step 020.base.vacuum · offline · outside of a transaction · plan.yaml:30
-- way back: fresh statistics and visibility map for public.base
-- SHARE UPDATE EXCLUSIVE on public.base; reads all of public.base
CALL rekey.begin_undo('020.base.vacuum');
VACUUM (ANALYZE) public.base;
CALL rekey.end_undo('020.base.vacuum', analyzed => 'public.base');

-- step 020.derived.vacuum · offline · outside of a transaction · plan.yaml:36
-- way back: fresh statistics and visibility map for public.derived
-- SHARE UPDATE EXCLUSIVE on public.derived; reads all of public.derived
CALL rekey.begin_undo('020.derived.vacuum');
VACUUM (ANALYZE) public.derived;
CALL rekey.end_undo('020.derived.vacuum', analyzed => 'public.derived');

-- step 020.bybase.vacuum · offline · outside of a transaction · plan.yaml:42
-- way back: fresh statistics and visibility map for public.bybase
-- SHARE UPDATE EXCLUSIVE on public.bybase; reads all of public.bybase
CALL rekey.begin_undo('020.bybase.vacuum');
VACUUM (ANALYZE) public.bybase;
CALL rekey.end_undo('020.bybase.vacuum', analyzed => 'public.bybase');

-- step 020.open · offline
-- way back: takes the fence down: the phase is rolled back
-- ACCESS EXCLUSIVE on public.customer, public.payment, public.payment_1, public.payment_2,
--   public.base, public.derived, public.bybase
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('020.open');
DROP TRIGGER rekey_fence ON public.customer;
DROP TRIGGER rekey_fence ON public.payment;
DROP TRIGGER rekey_fence ON public.payment_1;
DROP TRIGGER rekey_fence ON public.payment_2;
DROP TRIGGER rekey_fence ON public.base;
DROP TRIGGER rekey_fence ON public.derived;
DROP TRIGGER rekey_fence ON public.bybase;
CALL rekey.withdraw_phase('020');
CALL rekey.end_undo('020.open');
COMMIT;

