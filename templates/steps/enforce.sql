%up
ALTER TABLE {{table}}
  ADD CONSTRAINT {{name}} {{definition}} NOT VALID;
%down
ALTER TABLE {{table}} DROP CONSTRAINT {{name}};
