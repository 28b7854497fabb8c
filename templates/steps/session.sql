SET search_path = pg_catalog, pg_temp;
SET lock_timeout = {{lock_timeout}};
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
{{#maintenance_work_mem}}
SET maintenance_work_mem = {{maintenance_work_mem}};
{{/maintenance_work_mem}}
