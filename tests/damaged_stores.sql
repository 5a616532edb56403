-- Damage to a store of a grid: of one cell, to be noticed in it; then what a store never has.

-- of a cell
UPDATE accuracy SET n = 5 WHERE row = 1
UPDATE accuracy SET rate = rate * (1 + 1e-15) WHERE row = 0
UPDATE accuracy SET hit = 0 WHERE row = 0
DELETE FROM accuracy WHERE row = 1
UPDATE accuracy SET row = -1 WHERE row = 1
UPDATE cells SET temperature = 0.3 WHERE true
UPDATE cells SET config = NULL WHERE true
UPDATE cells SET state = 'failed' WHERE true
UPDATE cells SET version = 'v2' WHERE true
UPDATE cells SET notes = '{}' WHERE true
UPDATE tables SET columns = '["label: text"]' WHERE true
UPDATE tables SET columns = 'x' WHERE true
DELETE FROM tables WHERE true

-- of a store
CREATE TABLE meta (url TEXT)
UPDATE meta SET value = '2' WHERE name = 'format'
CREATE VIEW v AS WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x FROM c) SELECT 1
CREATE TRIGGER t AFTER INSERT ON cells BEGIN DELETE FROM meta; END
CREATE VIRTUAL TABLE v USING fts5(x)
CREATE TABLE g ("as", b AS (zeroblob(1000000000)))
CREATE TABLE g (b DEFAULT (zeroblob(1000000000)))
