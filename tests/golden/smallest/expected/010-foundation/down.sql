-- Plan smallest, phase 010 foundation (1 of 3): the way back
-- Plan digest sha256:8692e531b0e6b61a0b90e2dd0799389636eb41890746e3215878030eac2be2ad
--
-- Run it with:  psql -X -v ON_ERROR_STOP=1 -f 010-foundation/down.sql
-- or let "rekey rollback" run the same bytes; it alone also takes back a phase that is half applied.
-- Later phases go back first. To go on after a failure, run the file from the first STEP in it that is
-- not "undone" in rekey.steps:
--   sed -n '1,/^-- step /p; /^-- step STEP /,$p' 010-foundation/down.sql | psql -X -v ON_ERROR_STOP=1

SET search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
SET row_security = off;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
SET check_function_bodies = off;
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;

-- step 010.foundation · offline
-- way back: removes schema rekey, and with it the journal
-- no lock on your tables
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SET LOCAL lock_timeout = '2s';
CALL rekey.begin_undo('010.foundation');
DROP FUNCTION public.uuidv7();
DROP VIEW rekey.mapping, rekey.holders;
DROP PROCEDURE rekey.renew_function, rekey.run_with_keys, rekey.settle_indexes, rekey.measure, rekey.expect_shape,
  rekey.note_shape, rekey.restore_foreign_key_parts, rekey.rename_foreign_key_part, rekey.keep_foreign_key_parts,
  rekey.restore_partition_indexes, rekey.restore_partition_index, rekey.keep_partition_indexes, rekey.restore_sequence,
  rekey.advance_sequences, rekey.assign_legacy_ids, rekey.save_ids, rekey.save_positions, rekey.save_sequences,
  rekey.expect_legacy, rekey.expect_columns, rekey.expect_way_back, rekey.expect_free_keys, rekey.refuse_unlisted,
  rekey.refuse_orphans, rekey.map_arrays, rekey.list_keys, rekey.refuse_shared_key, rekey.note_changed,
  rekey.keep_secret, rekey.withdraw_phase, rekey.reopen_phase, rekey.purge, rekey.close_phase, rekey.end_undo,
  rekey.begin_undo, rekey.end_step, rekey.expect_proof, rekey.begin_step, rekey.register_steps, rekey.open_phase;
DROP FUNCTION rekey.check_dependent, rekey.stands, rekey.key, rekey.check_probe, rekey.check_indexes,
  rekey.check_foreign_key, rekey.check_key, rekey.is_checked, rekey.is_archived, rekey.check_content,
  rekey.record_check, rekey.content_query, rekey.fence, rekey.mapping_of, rekey.shape_of, rekey.foreign_key_parts_of,
  rekey.partition_indexes_of, rekey.narrow_columns, rekey.fresh_ids, rekey.highest, rekey.id_sequence, rekey.last_id,
  rekey.further, rekey.sequence_position, rekey.last_given, rekey.tree, rekey.rows_under, rekey.fresh_keys,
  rekey.source_keys, rekey.held_keys, rekey.expression, rekey.timed_back, rekey.is_timed_legacy, rekey.is_legacy,
  rekey.legacy_ids, rekey.random_back, rekey.keyed_back, rekey.ordered_back, rekey.assigned_id, rekey.assigned_ids,
  rekey.assigned_keys, rekey.mapped_id, rekey.listed_key, rekey.mapped_key, rekey.listed_keys, rekey.listed_ids,
  rekey.list_limit, rekey.pairs_of, rekey.has_changed, rekey.base_type, rekey.is_timed, rekey.timed_id, rekey.timed,
  rekey.timed_tag, rekey.is_random, rekey.is_keyed, rekey.keyed_id, rekey.random, rekey.keyed, rekey.tag_mask,
  rekey.random_tag, rekey.keyed_tag, rekey.is_ordered, rekey.ordered_id, rekey.ordered, rekey.ordered_hash,
  rekey.domain_secret, rekey.held, rekey.is_analyzed, rekey.claim_step, rekey.lock_class;
DROP TABLE rekey.shapes, rekey.foreign_key_parts, rekey.partition_indexes, rekey.pair_lists, rekey.pairs, rekey.lists,
  rekey.keys, rekey.key_columns, rekey.domains, rekey.secret, rekey.checks, rekey.history, rekey.steps, rekey.phases,
  rekey.runs, rekey.plan;
DROP SCHEMA rekey;

COMMIT;

