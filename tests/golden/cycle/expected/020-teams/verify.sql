-- Plan cycle, phase 020 teams (2 of 3): checks
-- Plan digest sha256:953e15e26f5939acd8c65e2022d628242ae11641dd04c673ddbee225eb2c7aee
--
-- Run it with:  psql -X -f 020-teams/verify.sql
-- Every row must say ok = t. Each result is also written to rekey.checks.

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

SELECT * FROM rekey.check_content('020', '020.app.teams.rewrite', 'app.teams');
SELECT * FROM rekey.check_content('020', '020.app.people.rewrite', 'app.people');
SELECT * FROM rekey.check_content('020', '020.app.audit.rewrite', 'app.audit');
SELECT * FROM rekey.check_indexes('020', 'app.teams');
SELECT * FROM rekey.check_indexes('020', 'app.people');
SELECT * FROM rekey.check_indexes('020', 'app.audit');
SELECT * FROM rekey.check_key('020', 'app.teams', 'id');
SELECT * FROM rekey.check_key('020', 'app.teams', 'lead_id');
SELECT * FROM rekey.check_key('020', 'app.people', 'id');
SELECT * FROM rekey.check_key('020', 'app.people', 'team_id');
SELECT * FROM rekey.check_key('020', 'app.audit', 'actor_id');
SELECT * FROM rekey.check_foreign_key('020', 'app.teams', 'teams_lead_id_fkey', true);
SELECT * FROM rekey.check_foreign_key('020', 'app.people', 'people_team_id_fkey', true);
