-- Damage to a store of a grid: of one cell, to be noticed in it; then what a store never has.

-- of a cell
UPDATE cells SET accuracy = replace(accuracy, '[3, 4]', '[3, 5]') WHERE true
UPDATE cells SET accuracy = replace(accuracy, '0.333', '0.334') WHERE true
UPDATE cells SET accuracy = NULL WHERE true
UPDATE cells SET accuracy = '' WHERE true
UPDATE cells SET accuracy = x'00' WHERE true
UPDATE cells SET config = NULL WHERE true
UPDATE cells SET error = 'none' WHERE true
UPDATE cells SET version = 'v2' WHERE true
UPDATE cells SET notes = '{}' WHERE true
UPDATE cells SET checksum = x'00' WHERE true

-- of a store
CREATE TABLE meta (url TEXT)
UPDATE meta SET value = '1' WHERE name = 'format'
UPDATE meta SET value = '2' WHERE name = 'format'
UPDATE meta SET value = '4' WHERE name = 'format'
CREATE VIEW v AS WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x FROM c) SELECT 1
CREATE TRIGGER t AFTER INSERT ON cells BEGIN DELETE FROM meta; END
CREATE VIRTUAL TABLE v USING fts5(x)
CREATE TABLE g ("as", b AS (zeroblob(1000000000)))
CREATE TABLE g (b DEFAULT (zeroblob(1000000000)))
