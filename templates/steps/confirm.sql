%up
ALTER TABLE {{table}} VALIDATE CONSTRAINT {{name}};
%down
