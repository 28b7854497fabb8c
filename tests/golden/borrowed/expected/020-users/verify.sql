-- Plan borrowed, phase 020 users (2 of 3): checks
-- Plan digest sha256:032d750460aa74adb3dbcf94216bce38bbec972ad78b69b18584167908e3357d
--
-- Run it with:  psql -X -f 020-users/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

SELECT * FROM rekey.check_content('020', '020.users.rewrite', 'public.users');
SELECT * FROM rekey.check_content('020', '020.posts.rewrite', 'public.posts');
SELECT * FROM rekey.check_content('020', '020.comments.rewrite', 'public.comments');
SELECT * FROM rekey.check_indexes('020', 'public.users');
SELECT * FROM rekey.check_indexes('020', 'public.posts');
SELECT * FROM rekey.check_indexes('020', 'public.comments');
SELECT * FROM rekey.check_key('020', 'public.users', 'user_id');
SELECT * FROM rekey.check_key('020', 'public.posts', 'id');
SELECT * FROM rekey.check_key('020', 'public.comments', 'commentable_id');
SELECT * FROM rekey.check_key('020', 'public.comments', 'payload');
SELECT * FROM rekey.check_key('020', 'public.comments', 'author');
