CREATE TABLE users (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, boss_id integer REFERENCES users, name text UNIQUE);
CREATE TABLE orders (id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES users ON DELETE CASCADE, total integer,
                     UNIQUE (user_id, total));
CREATE INDEX orders_of_user ON orders (user_id, total DESC);
CREATE VIEW buyers AS SELECT u.id, u.name FROM users u WHERE EXISTS (SELECT FROM orders o WHERE o.user_id = u.id);
INSERT INTO users (boss_id, name) SELECT nullif(i / 2, 0), 'user ' || i FROM generate_series(1, 30) i;
INSERT INTO orders (user_id, total) SELECT i % 30 + 1, i FROM generate_series(1, 90) i;
CREATE TABLE files (id uuid PRIMARY KEY, user_id integer NOT NULL REFERENCES users ON DELETE CASCADE, name text NOT NULL, UNIQUE (user_id, name));
CREATE TABLE versions (file_id uuid REFERENCES files ON DELETE CASCADE, n integer, PRIMARY KEY (file_id, n));
CREATE TABLE visits (id serial PRIMARY KEY, at timestamptz NOT NULL, after integer REFERENCES visits);
INSERT INTO files SELECT md5(i::text)::uuid, i % 30 + 1, i FROM generate_series(1, 60) i;
INSERT INTO versions SELECT id, n FROM files, generate_series(1, 2) n;
INSERT INTO visits (at, after) SELECT '2024-01-01Z'::timestamptz + i * interval '1 min', nullif(i / 2, 0) FROM generate_series(1, 40) i;
