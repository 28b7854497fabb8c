INSERT INTO public.cycle_reports (cycle_id, report, cycle_report_id)
SELECT id, 'since', '00000000-0000-4000-8000-000000000001' FROM public.cycles WHERE title = 'cycle 1';
INSERT INTO public.steps (id, cycle_report_id, code)
VALUES ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000001', 'since');
INSERT INTO public.profiles (id) VALUES ('00000000-0000-4000-8000-000000000002');
