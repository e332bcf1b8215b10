queue.db 600
queue.db-wal 600

application_id = 0
auto_vacuum = 0
busy_timeout = 0
cache_size = -2000
encoding = UTF-8
foreign_keys = 1
journal_mode = wal
journal_size_limit = -1
locking_mode = exclusive
page_size = 4096
synchronous = 2
temp_store = 0
user_version = 1
wal_autocheckpoint = 4000

-- index messages_1_due
CREATE INDEX messages_1_due ON messages_1 (due) WHERE due IS NOT NULL
-- index sqlite_autoindex_damaged_messages_1
(automatic)
-- index sqlite_autoindex_queues_1
(automatic)
-- table clock
CREATE TABLE clock (
      id INTEGER PRIMARY KEY CHECK (id = 1), elapsed INTEGER NOT NULL, wall INTEGER NOT NULL, "offset" INTEGER NOT NULL
    )
-- table damaged_messages
CREATE TABLE damaged_messages (
      queue INTEGER NOT NULL, seq INTEGER NOT NULL, reason TEXT NOT NULL, id TEXT, body TEXT, attributes TEXT, meta TEXT,
      sent INTEGER, PRIMARY KEY (queue, seq)
    )
-- table messages_1
CREATE TABLE messages_1 (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL, body TEXT NOT NULL, bodyMd5 TEXT NOT NULL,
      attributes TEXT, attributesMd5 TEXT, sent INTEGER NOT NULL, due INTEGER, meta TEXT,
      receives INTEGER NOT NULL DEFAULT 0, firstReceived INTEGER, arrived INTEGER
    )
-- table queues
CREATE TABLE queues (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      attributes TEXT NOT NULL,
      tags TEXT NOT NULL,
      created INTEGER NOT NULL,
      modified INTEGER NOT NULL
    )
-- table sqlite_sequence
CREATE TABLE sqlite_sequence(name,seq)
