-- Users, orders and their items, two foreign keys, five indexes. :scale 1 gives 200,000 + 1,000,000 + 2,000,000 rows.
CREATE TABLE users (
  user_id    serial PRIMARY KEY,
  email      text NOT NULL,
  created_at timestamptz NOT NULL,
  name       text
);
CREATE TABLE orders (
  order_id  serial PRIMARY KEY,
  user_id   integer NOT NULL REFERENCES users,
  placed_at timestamptz NOT NULL,
  total     numeric(10,2),
  note      text
);
CREATE TABLE items (
  item_id  bigserial PRIMARY KEY,
  order_id integer NOT NULL REFERENCES orders,
  added_at timestamptz NOT NULL,
  product  integer NOT NULL,
  quantity integer,
  price    numeric(10,2)
);
SELECT (200000 * :scale)::bigint AS users, (1000000 * :scale)::bigint AS orders, (2000000 * :scale)::bigint AS items \gset
INSERT INTO users (email, created_at, name)
SELECT 'user' || i || '@example.org', timestamptz '2020-01-01' + i * interval '1 minute', 'User number ' || i
FROM generate_series(1, :users) i;
INSERT INTO orders (user_id, placed_at, total, note)
SELECT 1 + (i * 7919) % :users, timestamptz '2021-01-01' + i * interval '20 seconds', (i % 10000) / 100.0,
       'order note ' || i
FROM generate_series(1::bigint, :orders) i;
INSERT INTO items (order_id, added_at, product, quantity, price)
SELECT 1 + (i * 104729) % :orders, timestamptz '2021-01-01' + i * interval '10 seconds', i % 5000, 1 + i % 5,
       (i % 5000) / 10.0
FROM generate_series(1::bigint, :items) i;
CREATE INDEX orders_user_id ON orders (user_id);
CREATE INDEX items_order_id ON items (order_id);
VACUUM (ANALYZE, FREEZE) users, orders, items;
CHECKPOINT;
