-- The script that teams write by hand: new columns, mapping tables kept for the way back, UPDATE … FROM, swap.
CREATE TABLE users_map AS SELECT user_id AS old_key, gen_random_uuid() AS new_key FROM users;
ALTER TABLE users_map ADD PRIMARY KEY (old_key);
CREATE TABLE orders_map AS SELECT order_id AS old_key, gen_random_uuid() AS new_key FROM orders;
ALTER TABLE orders_map ADD PRIMARY KEY (old_key);
CREATE TABLE items_map AS SELECT item_id AS old_key, gen_random_uuid() AS new_key FROM items;
ALTER TABLE items_map ADD PRIMARY KEY (old_key);
ANALYZE users_map, orders_map, items_map;

ALTER TABLE users ADD COLUMN user_uuid uuid;
ALTER TABLE orders ADD COLUMN order_uuid uuid, ADD COLUMN user_uuid uuid;
ALTER TABLE items ADD COLUMN item_uuid uuid, ADD COLUMN order_uuid uuid;
UPDATE users t SET user_uuid = m.new_key FROM users_map m WHERE m.old_key = t.user_id;
UPDATE orders t SET order_uuid = m.new_key, user_uuid = u.new_key
FROM orders_map m, users_map u WHERE m.old_key = t.order_id AND u.old_key = t.user_id;
UPDATE items t SET item_uuid = m.new_key, order_uuid = o.new_key
FROM items_map m, orders_map o WHERE m.old_key = t.item_id AND o.old_key = t.order_id;

ALTER TABLE items DROP CONSTRAINT items_order_id_fkey;
ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;
ALTER TABLE users DROP CONSTRAINT users_pkey;
ALTER TABLE orders DROP CONSTRAINT orders_pkey;
ALTER TABLE items DROP CONSTRAINT items_pkey;
DROP INDEX orders_user_id, items_order_id;
ALTER TABLE users DROP COLUMN user_id;
ALTER TABLE users RENAME user_uuid TO user_id;
ALTER TABLE orders DROP COLUMN order_id, DROP COLUMN user_id;
ALTER TABLE orders RENAME order_uuid TO order_id;
ALTER TABLE orders RENAME user_uuid TO user_id;
ALTER TABLE items DROP COLUMN item_id, DROP COLUMN order_id;
ALTER TABLE items RENAME item_uuid TO item_id;
ALTER TABLE items RENAME order_uuid TO order_id;
ALTER TABLE users ADD PRIMARY KEY (user_id);
ALTER TABLE orders ADD PRIMARY KEY (order_id), ALTER user_id SET NOT NULL;
ALTER TABLE items ADD PRIMARY KEY (item_id), ALTER order_id SET NOT NULL;
CREATE INDEX orders_user_id ON orders (user_id);
CREATE INDEX items_order_id ON items (order_id);
ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE items ADD CONSTRAINT items_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders;
VACUUM (ANALYZE) users, orders, items;
