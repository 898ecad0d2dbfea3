-- A database before its tables: how it is written, and the tables about the data.
PRAGMA page_size = 4096; PRAGMA encoding = 'UTF-8'; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
CREATE TABLE _metadata (key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL);
CREATE TABLE _tables (name TEXT PRIMARY KEY NOT NULL, title TEXT, description TEXT, row_count INTEGER NOT NULL,
    is_view INTEGER NOT NULL);
CREATE TABLE _codebook (table_name TEXT NOT NULL, field TEXT NOT NULL, position INTEGER NOT NULL, type TEXT NOT NULL,
    title TEXT, description TEXT, is_required INTEGER NOT NULL, in_primary_key INTEGER NOT NULL, refers_to TEXT,
    code_list TEXT, is_derived INTEGER NOT NULL, PRIMARY KEY (table_name, field));
CREATE TABLE _code_lists (code_list TEXT NOT NULL, position INTEGER NOT NULL, code TEXT NOT NULL, label TEXT,
    PRIMARY KEY (code_list, code));
BEGIN;
