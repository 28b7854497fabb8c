-- A schema as lines of text, whatever the version of the server: two databases, or one at two moments, have the
-- same schema when they have the same lines. Schema rekey, members of extensions and what is only physical (object
-- ids, file nodes, statistics) are left out. Everything else that a catalog row says is in it, so that columns
-- which newer versions add are, too. For sessions whose search_path is empty.
WITH schemas AS (
  SELECT oid FROM pg_namespace WHERE nspname <> 'information_schema' AND nspname <> 'rekey' AND nspname !~ '^pg_'
), members AS (
  SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), relations AS (
  SELECT c.*, c.oid::regclass::text AS name FROM pg_class c
  WHERE relnamespace IN (SELECT oid FROM schemas) AND relkind <> 't'
    AND (SELECT count(*) FROM members WHERE classid = 'pg_class'::regclass AND objid = c.oid) = 0
), lines (kind, name, content) AS (
  SELECT 'schema', n.oid::regnamespace::text,
         jsonb_build_object('owner', nspowner::regrole, 'rights', acl.entries)
  FROM pg_namespace n
  CROSS JOIN LATERAL (SELECT array_agg(a::text ORDER BY a::text)
                      FROM unnest(coalesce(nspacl, acldefault('n', nspowner))) a) acl (entries)
  WHERE n.oid IN (SELECT oid FROM schemas)
UNION ALL
  SELECT 'relation', c.name,
         to_jsonb(c) - '{oid,name,relname,relnamespace,reltype,reloftype,relowner,relam,relfilenode,reltablespace,
           relpages,reltuples,relallvisible,relallfrozen,reltoastrelid,relhasindex,relnatts,relchecks,relhasrules,
           relhastriggers,relhassubclass,relrewrite,relfrozenxid,relminmxid,relacl,relpartbound}'::text[]
         || jsonb_build_object(
           'owner', relowner::regrole, 'of', nullif(reloftype, 0)::regtype,
           'access_method', (SELECT amname FROM pg_am WHERE oid = relam),
           'tablespace', (SELECT spcname FROM pg_tablespace WHERE oid = reltablespace),
           'bound', pg_get_expr(relpartbound, c.oid),
           'partition_key', CASE WHEN relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
           'query', CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
           'rights', CASE WHEN relkind NOT IN ('i', 'I', 'c') THEN (
             SELECT array_agg(a::text ORDER BY a::text)
             FROM unnest(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))) a) END)
  FROM relations c
UNION ALL
  SELECT 'column', format('%s.%I', c.name, attname),
         to_jsonb(a) - '{attrelid,attname,atttypid,attnum,attlen,attbyval,attalign,attndims,attcacheoff,attcollation,
           attmissingval,atthasmissing,attacl,atthasdef,attoptions}'::text[]
         || jsonb_build_object(
           'place', row_number() OVER (PARTITION BY attrelid ORDER BY attnum),
           'type', format_type(atttypid, atttypmod), 'collation', nullif(attcollation, 0)::regcollation,
           'default', pg_get_expr(adbin, adrelid),
           -- those that begin with pg_ are notes that some builds of the server make for themselves
           'options', (SELECT array_agg(o ORDER BY o) FROM unnest(attoptions) o WHERE o !~ '^pg_'),
           'rights', (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(attacl) x))
  FROM relations c
  JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND relkind <> 'S'
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = attnum
UNION ALL
  SELECT 'constraint', format('%s %I', coalesce(nullif(conrelid, 0)::regclass::text, contypid::regtype::text), conname),
         to_jsonb(k) - '{oid,conname,connamespace,conrelid,contypid,conindid,conparentid,confrelid,conkey,confkey,
           conpfeqop,conppeqop,conffeqop,conexclop,conbin,confdelsetcols}'::text[]
         || jsonb_build_object('definition', pg_get_constraintdef(k.oid), 'of_partition', conparentid <> 0)
         -- of keys it means nothing, and depends on how a partition came to have its own
         || CASE WHEN contype = 'c' THEN '{}'::jsonb ELSE '{"connoinherit": null}' END
         -- a partition counts as its own what it got with a key of its own; a dump knows nothing of it
         || CASE WHEN contype = 'n' AND (SELECT relispartition FROM pg_class WHERE oid = conrelid) THEN '{"conislocal": null}'::jsonb
                 ELSE '{}' END
         -- a server before 18 validates what it checks for a partition, and does not write it down
         || CASE WHEN conparentid = 0 THEN '{}'::jsonb ELSE jsonb_build_object(
              'convalidated', true, 'definition', regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '')) END
  FROM pg_constraint k
  WHERE conrelid IN (SELECT oid FROM relations)
     OR conrelid = 0 AND contypid IN (SELECT oid FROM pg_type WHERE typnamespace IN (SELECT oid FROM schemas))
UNION ALL
  SELECT 'index', c.name,
         to_jsonb(i) - '{indexrelid,indrelid,indkey,indcollation,indclass,indoption,indexprs,indpred,indcheckxmin}'::text[]
         || jsonb_build_object('definition', pg_get_indexdef(indexrelid),
                               'part_of', (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = indexrelid))
  FROM pg_index i JOIN relations c ON c.oid = indexrelid
UNION ALL
  SELECT 'trigger', format('%s %I', c.name, tgname),
         jsonb_build_object('definition', pg_get_triggerdef(t.oid), 'enabled', tgenabled, 'of_partition',
                            to_jsonb(t) ->> 'tgparentid' <> '0')
  FROM pg_trigger t JOIN relations c ON c.oid = tgrelid WHERE NOT tgisinternal
UNION ALL
  -- those of foreign keys have names that count upwards
  SELECT 'disabled trigger', format('%s %I', c.name, k.conname), jsonb_agg(tgenabled ORDER BY tgenabled)
  FROM pg_trigger t JOIN relations c ON c.oid = tgrelid JOIN pg_constraint k ON k.oid = tgconstraint
  WHERE tgisinternal AND tgenabled <> 'O' GROUP BY c.name, k.conname
UNION ALL
  SELECT 'rule', format('%s %I', c.name, rulename),
         jsonb_build_object('definition', pg_get_ruledef(r.oid), 'enabled', ev_enabled)
  FROM pg_rewrite r JOIN relations c ON c.oid = ev_class WHERE rulename <> '_RETURN'
UNION ALL
  SELECT 'policy', format('%s %I', c.name, polname),
         jsonb_build_object('command', polcmd, 'permissive', polpermissive,
                            'roles', (SELECT array_agg(CASE r WHEN 0 THEN 'public' ELSE r::regrole::text END ORDER BY 1)
                                      FROM unnest(polroles) r),
                            'using', pg_get_expr(polqual, polrelid), 'check', pg_get_expr(polwithcheck, polrelid))
  FROM pg_policy p JOIN relations c ON c.oid = polrelid
UNION ALL
  SELECT 'inheritance', format('%s of %s', c.name, inhparent::regclass), to_jsonb(h) - '{inhrelid,inhparent}'::text[]
  FROM pg_inherits h JOIN relations c ON c.oid = inhrelid
UNION ALL
  SELECT 'sequence', c.name,
         to_jsonb(s) - '{seqrelid,seqtypid}'::text[]
         || jsonb_build_object('type', seqtypid::regtype, 'owner', (
              SELECT format('%s.%I', refobjid::regclass, attname)
              FROM pg_depend d JOIN pg_attribute a ON attrelid = refobjid AND attnum = refobjsubid
              WHERE d.classid = 'pg_class'::regclass AND d.objid = seqrelid AND d.deptype IN ('a', 'i')
                AND d.refclassid = 'pg_class'::regclass))
  FROM pg_sequence s JOIN relations c ON c.oid = seqrelid
UNION ALL
  SELECT 'function', p.oid::regprocedure::text,
         jsonb_build_object(
           'owner', proowner::regrole, 'kind', prokind,
           'definition', CASE WHEN prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE (
             SELECT to_jsonb(g) #>> '{}' FROM pg_aggregate g WHERE aggfnoid = p.oid) END,
           'rights', (SELECT array_agg(a::text ORDER BY a::text)
                      FROM unnest(coalesce(proacl, acldefault('f', proowner))) a))
  FROM pg_proc p
  WHERE pronamespace IN (SELECT oid FROM schemas)
    AND NOT EXISTS (SELECT FROM members WHERE classid = 'pg_proc'::regclass AND objid = p.oid)
UNION ALL
  SELECT 'type', t.oid::regtype::text,
         jsonb_build_object(
           'owner', typowner::regrole, 'kind', typtype, 'base', nullif(typbasetype, 0)::regtype,
           'modifier', typtypmod, 'not_null', typnotnull, 'default', typdefault,
           'collation', nullif(typcollation, 0)::regcollation,
           'labels', (SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
           'range_of', (SELECT rngsubtype::regtype FROM pg_range WHERE rngtypid = t.oid),
           'rights', (SELECT array_agg(a::text ORDER BY a::text)
                      FROM unnest(coalesce(typacl, acldefault('T', typowner))) a))
  FROM pg_type t
  WHERE typnamespace IN (SELECT oid FROM schemas) AND typtype IN ('b', 'd', 'e', 'r') AND typcategory <> 'A'
    AND NOT EXISTS (SELECT FROM members WHERE classid = 'pg_type'::regclass AND objid = t.oid)
UNION ALL
  SELECT 'statistics', format('%s.%I', stxnamespace::regnamespace, stxname),
         jsonb_build_object('definition', pg_get_statisticsobjdef(s.oid), 'owner', stxowner::regrole,
                            'target', to_jsonb(s) -> 'stxstattarget')
  FROM pg_statistic_ext s WHERE stxnamespace IN (SELECT oid FROM schemas)
UNION ALL
  SELECT 'publication', quote_ident(pubname),
         to_jsonb(p) - '{oid,pubname,pubowner}'::text[] || jsonb_build_object('owner', pubowner::regrole)
  FROM pg_publication p
UNION ALL
  SELECT 'publication of', format('%s in %I', c.name, pubname),
         jsonb_build_object('columns', to_jsonb(r) -> 'prattrs',
                            'rows', regexp_replace(to_jsonb(r) ->> 'prqual', ':location -?\d+', '', 'g'))
  FROM pg_publication_rel r JOIN pg_publication p ON p.oid = prpubid JOIN relations c ON c.oid = prrelid
UNION ALL
  SELECT 'event trigger', quote_ident(evtname),
         to_jsonb(e) - '{oid,evtname,evtowner,evtfoid}'::text[]
         || jsonb_build_object('owner', evtowner::regrole, 'function', evtfoid::regprocedure)
  FROM pg_event_trigger e
UNION ALL
  SELECT 'default rights', format('%s %s %s', defaclrole::regrole, nullif(defaclnamespace, 0)::regnamespace, defaclobjtype),
         to_jsonb((SELECT array_agg(a::text ORDER BY a::text) FROM unnest(defaclacl) a))
  FROM pg_default_acl WHERE defaclnamespace = 0 OR defaclnamespace IN (SELECT oid FROM schemas)
UNION ALL
  SELECT 'extension', quote_ident(extname),
         jsonb_build_object('version', extversion, 'schema', extnamespace::regnamespace, 'owner', extowner::regrole)
  FROM pg_extension
UNION ALL
  SELECT 'foreign table', c.name, to_jsonb(f) - '{ftrelid}'::text[]
  FROM pg_foreign_table f JOIN relations c ON c.oid = ftrelid
UNION ALL
  SELECT o.type, o.identity, NULL
  FROM (SELECT 'pg_operator'::regclass::oid, oid FROM pg_operator WHERE oprnamespace IN (SELECT oid FROM schemas)
        UNION ALL SELECT 'pg_opclass'::regclass, oid FROM pg_opclass WHERE opcnamespace IN (SELECT oid FROM schemas)
        UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily WHERE opfnamespace IN (SELECT oid FROM schemas)
        UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation WHERE collnamespace IN (SELECT oid FROM schemas)
        UNION ALL SELECT 'pg_cast'::regclass, oid FROM pg_cast WHERE oid >= 16384
        UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
        UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid FROM pg_foreign_data_wrapper
        UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config WHERE cfgnamespace IN (SELECT oid FROM schemas)
        UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict WHERE dictnamespace IN (SELECT oid FROM schemas)) x (class, id)
  CROSS JOIN LATERAL pg_identify_object(class, id, 0) o
  WHERE NOT EXISTS (SELECT FROM members WHERE classid = class AND objid = id)
UNION ALL
  SELECT 'comment', format('%s %s', o.type, o.identity), to_jsonb(description)
  FROM pg_description CROSS JOIN LATERAL pg_identify_object(classoid, objoid, objsubid) o
  WHERE objoid >= 16384 AND coalesce(o.schema, '') <> 'rekey' AND o.identity IS DISTINCT FROM 'rekey'
    AND NOT EXISTS (SELECT FROM members WHERE classid = classoid AND objid = objoid)
UNION ALL
  SELECT 'security label', format('%s %s', o.type, o.identity), to_jsonb(ARRAY[provider, label])
  FROM pg_seclabel CROSS JOIN LATERAL pg_identify_object(classoid, objoid, objsubid) o
)
SELECT concat_ws(' ', kind, name, jsonb_strip_nulls(content)) COLLATE "C" AS line FROM lines ORDER BY 1;
