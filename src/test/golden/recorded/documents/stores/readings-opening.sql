pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000;
pragma wal_autocheckpoint = 4000; pragma cache_size = -32768;
begin immediate
create table if not exists readings ( id integer primary key, received_at integer not n...
create index if not exists messages_by_elapsed on messages (coalesce(elapsed_at, receiv...
pragma user_version = 1
commit
