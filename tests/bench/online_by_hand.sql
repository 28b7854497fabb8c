-- What teams do by hand to fill new columns beside the application and to index them, up to the swap. :how is
--   plain     one UPDATE a table, all its new columns at once
--   trigger   batches of 10,000 ids that set the key to itself; a trigger that has to be there anyway fills all columns
--   columns   batches of 10,000 ids, a pass for each column
-- New keys are a hash of the old ones, as those of rekey are.
CREATE FUNCTION new_key(id bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT encode(substr(sha256('secret' || int8send(id)), 1, 16), 'hex')::uuid $$;
ALTER TABLE users ADD COLUMN user_uuid uuid;
ALTER TABLE orders ADD COLUMN order_uuid uuid, ADD COLUMN user_uuid uuid;
ALTER TABLE items ADD COLUMN item_uuid uuid, ADD COLUMN order_uuid uuid;
CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_RELID = 'users'::regclass THEN
    NEW.user_uuid := new_key(NEW.user_id);
  ELSIF TG_RELID = 'orders'::regclass THEN
    NEW.order_uuid := new_key(NEW.order_id);
    NEW.user_uuid := new_key(NEW.user_id);
  ELSE
    NEW.item_uuid := new_key(NEW.item_id);
    NEW.order_uuid := new_key(NEW.order_id);
  END IF;
  RETURN NEW;
END $$;
CREATE PROCEDURE in_batches(of_table text, id text, assigned text) LANGUAGE plpgsql AS $$
DECLARE
  last bigint;
BEGIN
  EXECUTE format('SELECT max(%I) FROM %I', id, of_table) INTO last;
  FOR low IN 1..last BY 10000 LOOP
    EXECUTE format('UPDATE %I SET %s WHERE %I BETWEEN $1 AND $2', of_table, assigned, id) USING low, low + 9999;
    COMMIT;
  END LOOP;
END $$;
SELECT :'how' = 'plain' AS plain, :'how' = 'trigger' AS trigger \gset
\if :trigger
CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION fill();
CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION fill();
CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION fill();
CALL in_batches('users', 'user_id', 'user_id = user_id');
CALL in_batches('orders', 'order_id', 'order_id = order_id');
CALL in_batches('items', 'item_id', 'item_id = item_id');
\elif :plain
UPDATE users SET user_uuid = new_key(user_id);
UPDATE orders SET order_uuid = new_key(order_id), user_uuid = new_key(user_id);
UPDATE items SET item_uuid = new_key(item_id), order_uuid = new_key(order_id);
\else
CALL in_batches('users', 'user_id', 'user_uuid = new_key(user_id)');
CALL in_batches('orders', 'order_id', 'order_uuid = new_key(order_id)');
CALL in_batches('orders', 'order_id', 'user_uuid = new_key(user_id)');
CALL in_batches('items', 'item_id', 'item_uuid = new_key(item_id)');
CALL in_batches('items', 'item_id', 'order_uuid = new_key(order_id)');
\endif
CREATE UNIQUE INDEX CONCURRENTLY users_uuid ON users (user_uuid);
CREATE UNIQUE INDEX CONCURRENTLY users_id ON users (user_id);
CREATE UNIQUE INDEX CONCURRENTLY orders_uuid ON orders (order_uuid);
CREATE UNIQUE INDEX CONCURRENTLY orders_id ON orders (order_id);
CREATE INDEX CONCURRENTLY orders_user_uuid ON orders (user_uuid);
CREATE UNIQUE INDEX CONCURRENTLY items_uuid ON items (item_uuid);
CREATE UNIQUE INDEX CONCURRENTLY items_id ON items (item_id);
CREATE INDEX CONCURRENTLY items_order_uuid ON items (order_uuid);
ANALYZE users, orders, items;
