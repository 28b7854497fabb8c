CREATE TABLE users (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, boss_id integer REFERENCES users, name text UNIQUE);
CREATE TABLE orders (id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES users ON DELETE CASCADE, total integer,
                     UNIQUE (user_id, total));
CREATE INDEX orders_of_user ON orders (user_id, total DESC);
CREATE VIEW buyers AS SELECT u.id, u.name FROM users u WHERE EXISTS (SELECT FROM orders o WHERE o.user_id = u.id);
INSERT INTO users (boss_id, name) SELECT nullif(i / 2, 0), 'user ' || i FROM generate_series(1, 30) i;
INSERT INTO orders (user_id, total) SELECT i % 30 + 1, i FROM generate_series(1, 90) i;
