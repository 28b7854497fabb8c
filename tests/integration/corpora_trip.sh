#!/usr/bin/env bash
# Databases that nobody here designed go from integer keys to UUIDs and come back identical. What a
# person has to decide about one stands in tests/fixtures/corpora. Written rows go through the triggers
# and functions of each; arguments name the databases to try.
. "$(dirname "$0")/lib.sh"

corpora=$REKEY_SOURCE/../shared/corpora
decisions=$REKEY_SOURCE/tests/fixtures/corpora
if [[ ! -d $corpora ]]; then
  echo "skipped: $corpora is not there"
  exit 77
fi

# Every foreign key, view, index, trigger, policy, check, CLUSTER mark and comment, but for what a
# change of types changes in them: arguments of functions, constants in expressions, sequences of identities.
dump_objects() {
  dump_foreign_keys
  sql <<'SQL'
SET search_path = '';
WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname NOT IN ('information_schema', 'rekey') AND nspname !~ '^pg_'),
rels AS (SELECT * FROM pg_class WHERE relnamespace IN (SELECT oid FROM ours))
SELECT concat_ws('|', 'relation', oid::regclass, relkind, relispopulated, reloptions, relacl) FROM rels WHERE relkind <> 'S'
UNION ALL SELECT concat_ws('|', 'index', indexrelid::regclass, indrelid::regclass, indisunique, indisprimary, indisclustered,
                           indisvalid, indisready, indisreplident, indimmediate, indkey, indpred IS NULL)
FROM pg_index WHERE indrelid IN (SELECT oid FROM rels)
UNION ALL SELECT concat_ws('|', 'trigger', tgrelid::regclass, tgname, tgfoid::regproc, tgtype, tgenabled, tgattr)
FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN (SELECT oid FROM rels)
UNION ALL SELECT concat_ws('|', 'policy', polrelid::regclass, polname, polcmd, polroles) FROM pg_policy
UNION ALL SELECT concat_ws('|', 'constraint', conrelid::regclass, conname, contype, convalidated, condeferrable, condeferred)
FROM pg_constraint WHERE connamespace IN (SELECT oid FROM ours) AND conrelid <> 0
UNION ALL SELECT concat_ws('|', 'comment', pg_describe_object(classoid, objoid, objsubid), description)
FROM pg_description WHERE objoid >= 16384 AND classoid <> 'pg_proc'::regclass
  AND pg_describe_object(classoid, objoid, objsubid) !~ '\mrekey\M'
UNION ALL SELECT concat_ws('|', 'comments on functions', count(*))
FROM pg_description WHERE classoid = 'pg_proc'::regclass AND objoid IN (SELECT oid FROM pg_proc WHERE pronamespace IN (SELECT oid FROM ours) AND proname <> 'uuidv7')
UNION ALL SELECT concat_ws('|', 'function', oid::regproc) FROM pg_proc
WHERE pronamespace IN (SELECT oid FROM ours) AND proname <> 'uuidv7'
ORDER BY 1
SQL
}

# Columns of primary and foreign keys that are still integers; a partition's stand with its parent.
integer_keys() {
  sql -c "SET search_path = ''" -c "
    SELECT DISTINCT format('%s.%I', conrelid::regclass, attname)
    FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
    JOIN pg_class c ON c.oid = conrelid AND NOT relispartition
    JOIN pg_type t ON t.oid = atttypid
    WHERE contype IN ('p', 'f') AND conrelid >= 16384 AND connamespace <> 'rekey'::regnamespace
      AND coalesce(nullif(typbasetype, 0), t.oid) IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)
    ORDER BY 1" | paste -sd' '
}

# Every row of every view that has any, but for one that holds its query as a text, with types.
read_views() {
  sql <<'SQL' >"$work/output" 2>&1
SELECT format('SELECT %L, count(*), count(v::text) FROM %s v', c.oid::regclass, c.oid::regclass)
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ('v', 'm') AND relispopulated AND nspname NOT IN ('information_schema', 'rekey') AND nspname !~ '^pg_'
  AND relname <> 'vsalespersonsalesbyfiscalyears'
\gexec
SQL
}

load() {
  [[ -f $corpora/$1.sql.gz ]] || fail "$corpora/$1.sql.gz is not there"
  database "$1"
  zcat "$corpora/$1.sql.gz" | sql >"$work/output" 2>&1
}

# NAME LEFT WRITTEN OPTIONS…: LEFT names the integer keys that stay, on purpose; NAME_writes adds
# WRITTEN rows, NAME_wrote proves them once the old keys are back.
trip() {
  local name=$1 left=$2 written=$3 plan=$work/$1.yaml
  shift 3
  begin "$name ${*##*/}"
  database trip "$name"
  name_not_nulls "$@"
  remember before
  dump_objects >"$work/objects"
  exits 0 "$REKEYC" inspect "$@" -o "$plan"
  rm -rf "$work/$name"
  compile "$plan" "$work/$name"
  apply "$work/$name"
  verify "$work/$name"
  dump_objects >"$work/objects.now"
  same_files 'objects' "$work/objects" "$work/objects.now"
  equal 'integer keys left' "$left" "$(integer_keys)"
  no_trace_of_fences
  "${name}_writes" >"$work/output" 2>&1
  read_views
  verify "$work/$name"
  rollback "$work/$name"
  schema_as before
  rows_kept_since before
  comm -13 "$work/before.rows" "$work/now.rows" >"$work/new"
  [[ $(wc -l <"$work/new") == "$written" ]] || fail "not $written new rows but:" "$(cat "$work/new")"
  read_views
  "${name}_wrote"
  ok
}

chinook_writes() {
  sql <<'SQL'
WITH artist AS (INSERT INTO artist (name) VALUES ('New') RETURNING artist_id),
album AS (INSERT INTO album (title, artist_id) SELECT 'New', artist_id FROM artist
  RETURNING album_id),
genre AS (INSERT INTO genre (name) VALUES ('New') RETURNING genre_id),
media AS (INSERT INTO media_type (name) VALUES ('New') RETURNING media_type_id),
track AS (INSERT INTO track (name, album_id, media_type_id, genre_id, milliseconds, unit_price)
  SELECT 'New', album_id, media_type_id, genre_id, 1, 1 FROM album, media, genre
    RETURNING track_id),
list AS (INSERT INTO playlist (name) VALUES ('New') RETURNING playlist_id),
entry AS (INSERT INTO playlist_track SELECT playlist_id, track_id FROM list, track),
boss AS (INSERT INTO employee (last_name, first_name, reports_to)
  SELECT 'New', 'Boss', employee_id FROM employee WHERE reports_to IS NULL LIMIT 1
    RETURNING employee_id),
clerk AS (INSERT INTO employee (last_name, first_name, reports_to)
  SELECT 'New', 'Clerk', employee_id FROM boss RETURNING employee_id),
customer AS (INSERT INTO customer (first_name, last_name, email, support_rep_id)
  SELECT 'New', 'New', 'new@new.example', employee_id FROM clerk RETURNING customer_id),
invoice AS (INSERT INTO invoice (customer_id, invoice_date, total) SELECT customer_id, now(),
  1 FROM customer RETURNING invoice_id)
INSERT INTO invoice_line (invoice_id, track_id, unit_price, quantity)
SELECT invoice_id, track_id, 1, 1 FROM invoice, track;
SQL
}

chinook_wrote() {
  proves "
    SELECT count(*) = 1 AND bool_and(l.invoice_line_id > 2240 AND t.track_id > 3503 AND c.customer_id > 59
                                     AND b.employee_id > 8 AND e.employee_id > 8)
    FROM invoice_line l JOIN track t USING (track_id) JOIN album a USING (album_id)
    JOIN artist USING (artist_id) JOIN genre g USING (genre_id) JOIN media_type m USING (media_type_id)
    JOIN playlist_track USING (track_id) JOIN playlist p USING (playlist_id)
    JOIN invoice i USING (invoice_id) JOIN customer c USING (customer_id)
    JOIN employee e ON e.employee_id = c.support_rep_id JOIN employee b ON b.employee_id = e.reports_to
    WHERE artist.name = 'New' AND g.name = 'New' AND m.name = 'New' AND p.name = 'New' AND b.first_name = 'Boss'"
  sql -c "INSERT INTO artist (name) VALUES ('After'); INSERT INTO genre (name) VALUES ('After')"
}

pagila_writes() {
  sql <<'SQL'
WITH place AS (INSERT INTO address (address, district, city_id, phone)
  SELECT 'New', '', city_id, '' FROM city WHERE city = 'Lethbridge' RETURNING address_id),
person AS (INSERT INTO customer (store_id, first_name, last_name, address_id)
  SELECT s.store_id, 'New', 'New', p.address_id FROM place p, (SELECT * FROM store LIMIT 1) s RETURNING customer_id, store_id),
film AS (INSERT INTO film (title, language_id) SELECT 'New', language_id FROM language WHERE name LIKE 'English%' RETURNING film_id),
copy AS (INSERT INTO inventory (film_id, store_id) SELECT film_id, store_id FROM film, person RETURNING inventory_id),
rental AS (INSERT INTO rental (rental_date, inventory_id, customer_id, staff_id)
  SELECT '2022-03-01', inventory_id, customer_id, staff_id FROM copy, person JOIN staff USING (store_id) LIMIT 1
  RETURNING rental_id, customer_id, staff_id)
INSERT INTO payment (customer_id, staff_id, rental_id, amount, payment_date)
SELECT customer_id, staff_id, rental_id, 5, '2022-03-02' FROM rental;
UPDATE film SET description = 'a new one' WHERE title = 'New';
UPDATE customer SET email = 'new@new.example' WHERE last_name = 'New';
INSERT INTO film (title, language_id) SELECT 'Free', language_id FROM language WHERE name LIKE 'English%';
INSERT INTO inventory (film_id, store_id) SELECT film_id, store_id FROM film, store WHERE title = 'Free';
REFRESH MATERIALIZED VIEW rental_by_category;
SQL
  proves "SELECT fulltext @@ 'new' FROM film WHERE title = 'New'"
  proves "SELECT count(*) = 1 FROM film f CROSS JOIN store s CROSS JOIN film_not_in_stock(f.film_id, s.store_id) WHERE title = 'New'"
  proves "SELECT count(*) = 2 FROM film f CROSS JOIN store s CROSS JOIN film_in_stock(f.film_id, s.store_id) WHERE title = 'Free'"
  proves "SELECT inventory_held_by_customer(inventory_id) = customer_id FROM rental JOIN customer USING (customer_id) WHERE last_name = 'New'"
  proves "SELECT count(*) >= 0 FROM rewards_report(1, 1)"
  proves "SELECT count(*) = 2 AND sum(total_sales) = (SELECT sum(amount) FROM payment) FROM sales_by_store"
  proves "SELECT count(*) > 10 FROM rental_by_category"
}

pagila_wrote() {
  proves "
    SELECT count(*) = 1 AND bool_and(r.rental_id > 16049 AND c.customer_id > 599 AND f.film_id > 1000 AND a.address_id > 605)
    FROM payment JOIN rental r USING (rental_id) JOIN customer c ON c.customer_id = r.customer_id
    JOIN inventory USING (inventory_id) JOIN film f USING (film_id) JOIN address a USING (address_id)
    WHERE f.title = 'New' AND c.last_name = 'New'"
  proves "SELECT count(*) = 2 FROM store s CROSS JOIN film_in_stock((SELECT film_id FROM film WHERE title = 'Free'), s.store_id)"
}

# Row by row, as the application does: what the triggers add is counted too.
cratesio_writes() {
  sql <<'SQL'
INSERT INTO users (gh_login, gh_id, username) VALUES ('new', 77, 'new');
INSERT INTO emails (user_id, email) SELECT id, 'new@new.example' FROM users WHERE username = 'new';
UPDATE emails SET email = 'newer@new.example' WHERE email = 'new@new.example';
INSERT INTO oauth_github (account_id, user_id, encrypted_token, login)
SELECT gen_random_uuid(), id, '', 'new' FROM users WHERE username = 'new';
INSERT INTO crates (name) VALUES ('new_below'), ('new_above');
INSERT INTO versions (crate_id, num, num_no_build, crate_size, tar_sha256, published_by)
SELECT c.id, '1.0.0', '1.0.0', 1, sha256(''), u.id FROM crates c, users u WHERE c.name LIKE 'new\_%' AND u.username = 'new';
INSERT INTO dependencies (version_id, crate_id, req, optional, default_features, features)
SELECT v.id, below.id, '*', false, true, '{}'
FROM versions v JOIN crates above ON above.id = v.crate_id AND above.name = 'new_above', crates below WHERE below.name = 'new_below';
INSERT INTO keywords (keyword) VALUES ('new');
INSERT INTO crates_keywords SELECT c.id, k.id FROM crates c, keywords k WHERE c.name = 'new_above' AND k.keyword = 'new';
INSERT INTO categories (category, slug) VALUES ('New', 'new');
INSERT INTO crates_categories SELECT c.id, k.id FROM crates c, categories k WHERE c.name = 'new_above' AND k.slug = 'new';
UPDATE crate_downloads SET downloads = 5 FROM crates WHERE id = crate_id AND name = 'new_above';
INSERT INTO version_downloads (version_id) SELECT v.id FROM versions v JOIN crates c ON c.id = crate_id WHERE name LIKE 'new\_%';
SELECT refresh_recent_crate_downloads();
SQL
  proves "
    SELECT count(*) = 1 AND bool_and(dependent_downloads = 5) FROM reverse_dependencies r
    JOIN crates b ON b.id = target_crate_id JOIN crates a ON a.id = dependent_crate_id JOIN dependencies d ON d.id = dependency_id
    WHERE b.name = 'new_below' AND a.name = 'new_above'"
  proves "SELECT bool_and(crates_cnt = 1) FROM keywords WHERE keyword = 'new'"
  proves "SELECT bool_and(crates_cnt = 1 AND path = 'root.new') FROM categories WHERE slug = 'new'"
  proves "SELECT textsearchable_index_col @@ 'new' FROM crates WHERE name = 'new_above'"
  proves "SELECT count(*) = 2 FROM recent_crate_downloads JOIN crates ON id = crate_id WHERE name LIKE 'new\_%'"
  sql <<'SQL'
INSERT INTO versions (crate_id, num, num_no_build, crate_size, tar_sha256)
SELECT id, '1.1.0', '1.1.0', 1, sha256('') FROM crates WHERE name = 'new_above';
UPDATE default_versions d SET version_id = v.id FROM versions v WHERE v.crate_id = d.crate_id AND v.num = '1.1.0';
SQL
  proves "SELECT count(*) = 0 FROM reverse_dependencies JOIN crates a ON a.id = dependent_crate_id WHERE a.name = 'new_above'"
  proves "SELECT num_versions = 2 FROM default_versions JOIN crates ON id = crate_id WHERE name = 'new_above'"
  sql -c "UPDATE default_versions d SET version_id = v.id FROM versions v JOIN crates c ON c.id = v.crate_id
          WHERE v.crate_id = d.crate_id AND v.num = '1.0.0' AND c.name = 'new_above'" \
    -c "UPDATE versions SET yanked = true WHERE num = '1.0.0' AND crate_id = (SELECT id FROM crates WHERE name = 'new_above')"
  proves "SELECT count(*) = 0 FROM reverse_dependencies JOIN crates a ON a.id = dependent_crate_id WHERE a.name = 'new_above'"
  sql -c "UPDATE versions SET yanked = false WHERE num = '1.0.0' AND crate_id = (SELECT id FROM crates WHERE name = 'new_above')"
  proves "SELECT count(*) = 1 FROM reverse_dependencies JOIN crates a ON a.id = dependent_crate_id WHERE a.name = 'new_above'"
}

cratesio_wrote() {
  proves "
    SELECT count(*) = 1 FROM reverse_dependencies r JOIN dependencies d ON d.id = dependency_id JOIN versions v ON v.id = r.version_id
    JOIN crates a ON a.id = dependent_crate_id JOIN users u ON u.id = v.published_by JOIN oauth_github o ON o.user_id = u.id
    JOIN crates_keywords k ON k.crate_id = a.id WHERE a.name = 'new_above' AND a.id > 20 AND u.id > 20 AND d.version_id = v.id"
  sql -c "DELETE FROM crates_keywords USING keywords WHERE id = keyword_id AND keyword = 'new'"
  proves "SELECT crates_cnt = 0 FROM keywords WHERE keyword = 'new'"
}

hive_metastore_writes() {
  sql <<'SQL'
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
CREATE TEMPORARY TABLE new_keys AS SELECT gen_random_uuid() AS db, gen_random_uuid() AS tbl, gen_random_uuid() AS part, gen_random_uuid() AS sd;
INSERT INTO "PARTITION_KEY_VALS" SELECT part, 'New', 0 FROM new_keys;
INSERT INTO "PARTITIONS" ("PART_ID", "CREATE_TIME", "LAST_ACCESS_TIME", "PART_NAME", "SD_ID", "TBL_ID") SELECT part, 0, 0, 'New', sd, tbl FROM new_keys;
INSERT INTO "TBLS" ("TBL_ID", "CREATE_TIME", "DB_ID", "LAST_ACCESS_TIME", "RETENTION", "SD_ID", "TBL_NAME") SELECT tbl, 0, db, 0, 0, sd, 'New' FROM new_keys;
INSERT INTO "SDS" ("SD_ID", "IS_COMPRESSED", "NUM_BUCKETS", "CD_ID", "IS_STOREDASSUBDIRECTORIES") SELECT sd, false, 0, (SELECT min("CD_ID"::text)::uuid FROM "CDS"), false FROM new_keys;
INSERT INTO "DBS" ("DB_ID", "DB_LOCATION_URI", "NAME") SELECT db, '', 'New' FROM new_keys;
COMMIT;
SQL
}

hive_metastore_wrote() {
  proves "
    SELECT count(*) = 1 AND bool_and(\"DB_ID\" > 20 AND t.\"TBL_ID\" > 20) FROM \"PARTITION_KEY_VALS\"
    JOIN \"PARTITIONS\" p USING (\"PART_ID\") JOIN \"TBLS\" t USING (\"TBL_ID\")
    JOIN \"DBS\" USING (\"DB_ID\") JOIN \"SDS\" s ON s.\"SD_ID\" = t.\"SD_ID\" AND s.\"SD_ID\" = p.\"SD_ID\" JOIN \"CDS\" USING (\"CD_ID\")
    WHERE \"NAME\" = 'New'"
}

adventureworks_writes() {
  sql <<'SQL'
WITH entity AS (INSERT INTO person.businessentity DEFAULT VALUES RETURNING businessentityid),
person AS (INSERT INTO person.person (businessentityid, persontype, firstname, lastname)
  SELECT businessentityid, 'IN', 'New', 'New' FROM entity RETURNING businessentityid),
email AS (INSERT INTO person.emailaddress (businessentityid, emailaddress) SELECT businessentityid, 'new@new.example' FROM person),
address AS (INSERT INTO person.address (addressline1, city, stateprovinceid, postalcode)
  SELECT 'New', 'New', stateprovinceid, '' FROM (SELECT * FROM person.stateprovince LIMIT 1) p RETURNING addressid),
customer AS (INSERT INTO sales.customer (personid) SELECT businessentityid FROM person RETURNING customerid),
orders AS (INSERT INTO sales.salesorderheader (duedate, customerid, billtoaddressid, shiptoaddressid, shipmethodid)
  SELECT now() + interval '1 day', customerid, addressid, addressid, shipmethodid
  FROM customer, address, (SELECT * FROM purchasing.shipmethod LIMIT 1) s RETURNING salesorderid)
INSERT INTO sales.salesorderdetail (salesorderid, orderqty, productid, specialofferid, unitprice)
SELECT salesorderid, 1, productid, specialofferid, 1 FROM orders, (SELECT * FROM sales.specialofferproduct LIMIT 1) o;
SQL
}

adventureworks_wrote() {
  proves "
    SELECT count(*) = 1 FROM sales.salesorderdetail JOIN sales.salesorderheader h USING (salesorderid)
    JOIN sales.customer c USING (customerid) JOIN person.person p ON p.businessentityid = c.personid
    JOIN person.emailaddress USING (businessentityid) JOIN person.address ON addressid = h.billtoaddressid
    WHERE lastname = 'New' AND salesorderid > 20 AND customerid > 20"
}

# The last number in a composite key counts within the others, and stays.
try() {
  case $1 in
    chinook)
      for generator in ordered keyed v4; do trip chinook '' 12 --generate "$generator"; done
      trip chinook '' 12 --decisions "$decisions/chinook_v7.yaml" ;;
    pagila) trip pagila '' 9 --decisions "$decisions/pagila.yaml" ;;
    cratesio)
      trip cratesio "public.crate_owners.owner_id public.crate_owners.owner_kind public.metadata.total_downloads \
public.publish_limit_buckets.action public.publish_rate_overrides.action" 22 --decisions "$decisions/cratesio.yaml" ;;
    hive_metastore)
      trip hive_metastore "$(printf 'public."%s"."INTEGER_IDX" ' BUCKETING_COLS FUNC_RU PARTITION_KEY_VALS \
        SKEWED_COL_NAMES SKEWED_STRING_LIST_VALUES SKEWED_VALUES SORT_COLS
        )public.hive_locks.hl_lock_ext_id public.hive_locks.hl_lock_int_id" 5 ;;
    adventureworks)
      trip adventureworks production.workorderrouting.operationsequence 7 \
        --decisions "$decisions/adventureworks.yaml" ;;
  esac
}

[[ $# -gt 0 ]] || set -- chinook pagila cratesio hive_metastore adventureworks
for name; do
  load "$name"
  try "$name"
done
