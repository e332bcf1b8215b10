readings.db 600
readings.db-shm 600
readings.db-wal 600

application_id = 0
auto_vacuum = 0
busy_timeout = 5000
cache_size = -32768
encoding = UTF-8
foreign_keys = 1
journal_mode = wal
journal_size_limit = -1
locking_mode = normal
page_size = 4096
synchronous = 2
temp_store = 0
user_version = 1
wal_autocheckpoint = 4000

-- index messages_by_elapsed
CREATE INDEX messages_by_elapsed on messages (coalesce(elapsed_at, received_at))
-- index messages_by_time
CREATE INDEX messages_by_time on messages (received_at)
-- index sqlite_autoindex_messages_1
(automatic)
-- index sqlite_autoindex_readings_1
(automatic)
-- table checkpoint
CREATE TABLE checkpoint (
  id integer primary key check (id = 1),
  last_reading integer not null,
  fleet text not null,
  checksum integer
)
-- table clock
CREATE TABLE clock (      -- of elapsed_at, when it was last saved; milliseconds
  id integer primary key check (id = 1),
  elapsed integer not null,
  wall integer not null,
  offset integer not null
)
-- table messages
CREATE TABLE messages (   -- other JSON objects, such as those sent with curl
  id text primary key,
  received_at integer not null,
  body text not null,
  elapsed_at integer,
  checksum integer
)
-- table readings
CREATE TABLE readings (
  id integer primary key,
  received_at integer not null,         -- Unix milliseconds
  execution_id text not null,
  sequence integer not null,
  job_id text not null,
  hostname text not null,
  region text not null,
  timestamp text not null,              -- when it was taken, as sent
  color text not null,
  icon_name text not null,
  job_submission_time integer not null, -- Unix milliseconds
  sensor_config text,                   -- what the sensor reported, as JSON
  measured_values text,                 -- by name, as a JSON object
  elapsed_at integer,                   -- received_at by a clock that only passing time moves
  checksum integer,                     -- of the other columns but id
  -- a node that was started again counts its sensor's readings from 1 again
  unique (execution_id, sequence, timestamp)
)
