CREATE TABLE public.people (
  id      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  boss_id integer REFERENCES public.people,
  name    text NOT NULL,
  since   timestamptz NOT NULL
);
CREATE INDEX people_name ON public.people (name);
CREATE VIEW public.bosses AS
  SELECT id, name FROM public.people b WHERE EXISTS (SELECT FROM public.people p WHERE p.boss_id = b.id);
INSERT INTO public.people (boss_id, name, since)
SELECT nullif(i / 2, 0), 'person ' || i, timestamptz '2020-01-01 UTC' + i * interval '1 day'
FROM generate_series(1, 20) i;
CREATE TABLE public.desks (person_id integer PRIMARY KEY REFERENCES public.people, room text) PARTITION BY HASH (person_id);
CREATE TABLE public.desks_0 PARTITION OF public.desks FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO public.desks SELECT i, 'room ' || i % 3 FROM generate_series(1, 20) i;
UPDATE public.people SET name = 'person 3' WHERE id IN (7, 11);
SET session_replication_role = replica;
UPDATE public.people SET boss_id = 99 WHERE id IN (5, 19);
RESET session_replication_role;
CREATE TABLE public.notes (id uuid PRIMARY KEY, text text NOT NULL, reply_to uuid REFERENCES public.notes);
INSERT INTO public.notes SELECT md5('note' || i)::uuid, 'text ' || i FROM generate_series(1, 9) i;
UPDATE public.notes SET reply_to = md5('note1')::uuid WHERE text <> 'text 1';
CREATE MATERIALIZED VIEW public.replies AS SELECT reply_to, count(*) FROM public.notes GROUP BY reply_to;
CREATE TABLE public.labels (label text PRIMARY KEY, of_person integer);
INSERT INTO public.labels SELECT 'note ' || i, nullif(i, 3) FROM generate_series(1, 8) i;
CREATE FUNCTION public.bosses_of(someone text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  RETURN (SELECT count(boss_id) FROM public.people WHERE name = someone);
END
$$;
