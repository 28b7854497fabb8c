-- What pagila lacks for a load, and for the online strategy.
ALTER TABLE film_actor ADD note text;
ALTER TABLE inventory ADD note text;
ALTER TABLE rental ADD note text;
ALTER TABLE payment ADD note text;
ALTER TABLE payment ADD UNIQUE (payment_id, payment_date);  -- rows are found by their key alone
DROP MATERIALIZED VIEW rental_by_category;
