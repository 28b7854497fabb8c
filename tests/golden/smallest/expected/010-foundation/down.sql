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
DROP VIEW rekey.mapping;
DROP PROCEDURE rekey.purge(), rekey.open_phase(text, text, text, text), rekey.register_steps(text, jsonb),
  rekey.begin_step(text), rekey.end_step(text, regclass, text), rekey.expect_proof(text, regclass, text),
  rekey.end_undo(text, regclass, text), rekey.close_phase(text), rekey.withdraw_phase(text),
  rekey.expect_legacy(text), rekey.expect_way_back(text), rekey.refuse_orphans(text), rekey.refuse_untimed(text),
  rekey.save_sequences(text), rekey.save_ids(text), rekey.assign_legacy_ids(text), rekey.advance_sequences(text),
  rekey.restore_sequence(text, text), rekey.measure(text, text, text, text[]), rekey.settle_indexes(regclass),
  rekey.keep_partition_indexes(regclass), rekey.restore_partition_indexes(regclass),
  rekey.restore_partition_index(text, rekey.partition_indexes, rekey.partition_indexes),
  rekey.keep_foreign_key_parts(regclass), rekey.restore_foreign_key_parts(regclass),
  rekey.rename_foreign_key_part(pg_constraint, text), rekey.drop_foreign_key(text, text, text),
  rekey.add_foreign_key_parts(text, text, text, text), rekey.validate_foreign_key_part(text, text, text, text),
  rekey.join_foreign_key(text, text, text, text), rekey.expect_partitions(text, text[]), rekey.expect_twins(text, text[], boolean),
  rekey.join_twins(text, text, text, text, text[], text[]), rekey.settle_new_partitions(text, text, text, text, text, text[]), rekey.swap_key(text, text, text[]), rekey.rename_index(regclass, regclass, text),
  rekey.finish_index(regclass, text, text, boolean, boolean);
DROP PROCEDURE rekey.lock_out(text), rekey.expect_room_for_locks(integer), rekey.make_bridge(text, text, text[], text[], text[], text[]), rekey.expect_bridge(text);
DROP PROCEDURE rekey.begin_undo(text), rekey.keep_secret(), rekey.list_keys(text, text), rekey.run_with_keys(text),
  rekey.map_arrays(text), rekey.renew_function(text), rekey.note_shape(text, text), rekey.expect_shape(text, text),
  rekey.expect_online(text, text[]), rekey.backfill(text, text, text, text), rekey.fill_blocks(text, text, text, bigint, bigint, bigint), rekey.require(text, text[], text[]),
  rekey.require_no_more(text), rekey.validate_required(text), rekey.set_required(text, text[], text[]),
  rekey.swap_index(text, text, text, text), rekey.copy_column_settings(text, text, text),
  rekey.catch_up_ids(text, text), rekey.begin_ids(text, text, text, text), rekey.end_ids(text, text), rekey.settle_old_keys(text, text, text, text, text), rekey.reopen_phase(text, text[]),
  rekey.wait_while_held_back(text), rekey.take_batch(text, bigint, bigint),
  rekey.fill_batch(text, text, text, text, boolean), rekey.sweep(text, text, text, text, bigint),
  rekey.keep_columns(text, text[]), rekey.restore_columns(text), rekey.name_not_nulls(text), rekey.expect_agreement(text, text);
DROP FUNCTION rekey.check_dependent(text, text, text, text, boolean), rekey.stands(text, text, text),
  rekey.key(text, bigint), rekey.claim_step(text), rekey.is_analyzed(regclass), rekey.lock_class(), rekey.mapped_key(text, bigint),
  rekey.listed_key(bigint, text), rekey.listed_ids(text), rekey.listed_keys(text), rekey.timed_back(uuid, text),
  rekey.is_timed_legacy(uuid, text), rekey.content_query(text, text[], boolean),
  rekey.mapped_id(text, uuid), rekey.ordered_back(uuid, text), rekey.keyed_back(uuid, text),
  rekey.random_back(uuid, text), rekey.assigned_id(uuid, uuid[], bigint[]), rekey.assigned_keys(text),
  rekey.assigned_ids(text), rekey.is_legacy(bigint, text), rekey.legacy_ids(text), rekey.rows_under(regclass), rekey.highest(text), rekey.expression(text, text, text), rekey.source_keys(text, boolean), rekey.held_keys(text, text),
  rekey.fresh_keys(text), rekey.id_sequence(text), rekey.last_id(rekey.key_columns),
  rekey.last_given(bigint, boolean, bigint), rekey.further(bigint, bigint, bigint), rekey.sequence_position(text),
  rekey.fresh_ids(text), rekey.narrow_columns(text), rekey.mapping_of(text), rekey.fence(),
  rekey.record_check(text, text, text, boolean, text), rekey.is_checked(text, text, text), rekey.check_content(text, text, text),
  rekey.check_key(text, text, text), rekey.check_foreign_key(text, text, text, boolean),
  rekey.check_indexes(text, text), rekey.check_probe(text, text, boolean);
DROP FUNCTION rekey.domain_secret(text), rekey.ordered_hash(bigint, bytea), rekey.ordered(bigint, bytea),
  rekey.ordered_id(uuid), rekey.is_ordered(uuid, bytea), rekey.keyed_tag(bigint, bytea),
  rekey.random_tag(bigint, bytea), rekey.tag_mask(bytea, bytea), rekey.keyed(bigint, bytea),
  rekey.random(bigint, bytea), rekey.keyed_id(uuid, bytea), rekey.is_keyed(uuid, bytea),
  rekey.is_random(uuid, bytea), rekey.timed_tag(bytea, bigint, bytea),
  rekey.timed(bigint, timestamptz, bytea), rekey.timed_id(uuid, bytea), rekey.is_timed(uuid, bytea);
DROP FUNCTION rekey.partition_indexes_of(regclass), rekey.foreign_key_parts_of(regclass), rekey.loose_parts(regclass, text, regclass), rekey.tree(regclass),
  rekey.index_tree(regclass), rekey.is_large(regclass), rekey.columns_of(regclass), rekey.free_index(regclass, text[], boolean), rekey.shape_of(regclass), rekey.fires_on_update(regclass),
  rekey.may_silence_triggers(), rekey.required(text, text[], text[]), rekey.check_agreement(text, text, text),
  rekey.disagreeing(text, text), rekey.unguarded(text), rekey.unruly_triggers(regclass), rekey.narrow_references(regclass, text[]),
  rekey.held_back(), rekey.held(), rekey.helps(), rekey.whole_rows(regclass), rekey.spent_sequences(regclass, text[]), rekey.published_without_identity(regclass);
DROP TABLE rekey.batches, rekey.backfills, rekey.throttle, rekey.kept_columns, rekey.partition_indexes, rekey.foreign_key_parts, rekey.shapes, rekey.keys, rekey.lists, rekey.key_columns, rekey.domains, rekey.secret, rekey.checks, rekey.history,
  rekey.steps, rekey.phases, rekey.runs, rekey.plan;
DROP SCHEMA rekey;

COMMIT;

