CREATE TABLE public.cycles (id serial PRIMARY KEY, title text);
CREATE TABLE public.cycle_reports (cycle_id integer NOT NULL REFERENCES public.cycles, report text NOT NULL, PRIMARY KEY (cycle_id, report));
CREATE TABLE public.steps (
  id serial PRIMARY KEY, cycle_id integer, report text, code text DEFAULT 'x' NOT NULL,
  CONSTRAINT steps_fk FOREIGN KEY (cycle_id, report) REFERENCES public.cycle_reports ON DELETE CASCADE, UNIQUE (cycle_id, report, code));
CREATE TABLE public.profiles (id serial PRIMARY KEY, step_id integer NOT NULL UNIQUE CONSTRAINT profiles_fk REFERENCES public.steps);
INSERT INTO public.cycles (title) SELECT 'cycle ' || i FROM generate_series(1, 5) i;
INSERT INTO public.cycle_reports SELECT c, 'report ' || r FROM generate_series(1, 5) c, generate_series(1, 3) r;
INSERT INTO public.steps (cycle_id, report, code) SELECT cycle_id, report, 's' || s FROM public.cycle_reports, generate_series(1, 2) s;
INSERT INTO public.steps (cycle_id, code) VALUES (3, 'half');
INSERT INTO public.profiles (id, step_id) SELECT 100 - i, i FROM generate_series(1, 20) i;
SELECT setval('public.profiles_id_seq', 100);
