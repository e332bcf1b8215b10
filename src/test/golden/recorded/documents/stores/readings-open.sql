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
user_version = 2
wal_autocheckpoint = 4000

-- index messages_by_elapsed
CREATE INDEX messages_by_elapsed on messages (coalesce(elapsed_at, received_at))
-- index messages_by_time
CREATE INDEX messages_by_time on messages (received_at)
-- index sqlite_autoindex_messages_1
(automatic)
-- index sqlite_autoindex_readings_1
(automatic)
-- index sqlite_autoindex_region_hours_1
(automatic)
-- index sqlite_autoindex_region_minutes_1
(automatic)
-- index sqlite_autoindex_roll_up_periods_1
(automatic)
-- index sqlite_autoindex_sensor_series_1
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
-- table region_hours
CREATE TABLE region_hours (
  hour integer not null,            -- when it begins, Unix milliseconds
  metric text not null,
  region text not null,                 -- '' for queue.depth
  count integer not null,
  min real not null,
  max real not null,
  sum real not null,
  primary key (hour, metric, region)
)
-- table region_minutes
CREATE TABLE region_minutes (
  minute integer not null,            -- when it begins, Unix milliseconds
  metric text not null,
  region text not null,                 -- '' for queue.depth
  count integer not null,
  min real not null,
  max real not null,
  sum real not null,
  primary key (minute, metric, region)
)
-- table roll_up_periods
CREATE TABLE roll_up_periods ( -- the minutes and hours that have rows
  length integer not null,              -- milliseconds
  start integer not null,               -- Unix milliseconds
  elapsed_at integer not null,          -- when a reading was added last, as readings.elapsed_at
  primary key (length, start)
)
-- table roll_ups
CREATE TABLE roll_ups (    -- which readings the roll-ups have, by their id
  id integer primary key check (id = 1),
  done integer not null,                -- all up to this one
  target integer not null,              -- those up to this one are being added:
  series integer not null,              -- the tables of regions have them, and those of sensors up to this series
  rebuilt_to integer not null,          -- of readings up to this one only those count
  rebuilt_from integer not null         -- that were taken since then, Unix milliseconds
)
-- table sensor_hour_rows
CREATE TABLE sensor_hour_rows (
  hour integer not null,
  series integer not null,              -- of sensor_series
  count integer not null,
  min real not null,
  max real not null,
  sum real not null,
  primary key (hour, series)
) without rowid
-- table sensor_minute_rows
CREATE TABLE sensor_minute_rows (
  minute integer not null,
  series integer not null,              -- of sensor_series
  count integer not null,
  min real not null,
  max real not null,
  sum real not null,
  primary key (minute, series)
) without rowid
-- table sensor_series
CREATE TABLE sensor_series (
  id integer primary key,               -- made from the other columns
  hostname text not null,
  metric text not null,
  region text not null,
  unique (hostname, metric, region)
)
-- view sensor_hours
CREATE VIEW sensor_hours as
  select hour, metric, region, hostname, count, min, max, sum
  from sensor_hour_rows join sensor_series on id = series
-- view sensor_minutes
CREATE VIEW sensor_minutes as
  select minute, metric, region, hostname, count, min, max, sum
  from sensor_minute_rows join sensor_series on id = series
