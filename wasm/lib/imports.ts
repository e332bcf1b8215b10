// What the modules import: a part of WASI preview 1, whose calls return an errno, and Bacalhau's `http_request`.
// `random_get` is absent on purpose: on Bacalhau it returns the same bytes in every execution (see random.ts).

export const ERRNO_OK: i32 = 0;
export const ERRNO_BADF: i32 = 8;
export const ERRNO_NOENT: i32 = 44;

@external('wasi_snapshot_preview1', 'args_sizes_get')
export declare function args_sizes_get(count: usize, size: usize): i32;
@external('wasi_snapshot_preview1', 'args_get')
export declare function args_get(pointers: usize, buffer: usize): i32;
@external('wasi_snapshot_preview1', 'environ_sizes_get')
export declare function environ_sizes_get(count: usize, size: usize): i32;
@external('wasi_snapshot_preview1', 'environ_get')
export declare function environ_get(pointers: usize, buffer: usize): i32;
@external('wasi_snapshot_preview1', 'clock_time_get')
export declare function clock_time_get(clock: i32, precision: i64, time: usize): i32;
@external('wasi_snapshot_preview1', 'poll_oneoff')
export declare function poll_oneoff(subscriptions: usize, events: usize, count: i32, written: usize): i32;
@external('wasi_snapshot_preview1', 'fd_write')
export declare function fd_write(fd: i32, vectors: usize, count: i32, written: usize): i32;
@external('wasi_snapshot_preview1', 'fd_read')
export declare function fd_read(fd: i32, vectors: usize, count: i32, read: usize): i32;
@external('wasi_snapshot_preview1', 'fd_close')
export declare function fd_close(fd: i32): i32;
@external('wasi_snapshot_preview1', 'path_open')
export declare function path_open(
  dir: i32,
  lookup: i32,
  path: usize,
  length: usize,
  flags: i32,
  rights: i64,
  inherited: i64,
  fdFlags: i32,
  fd: usize,
): i32;
@external('wasi_snapshot_preview1', 'path_filestat_get')
export declare function path_filestat_get(dir: i32, lookup: i32, path: usize, length: usize, stat: usize): i32;
@external('wasi_snapshot_preview1', 'proc_exit')
export declare function proc_exit(code: i32): void;
@external('wasi:http/requests', 'http_request')
export declare function http_request(
  method: i32,
  url: usize,
  urlLength: usize,
  headers: usize,
  headersLength: usize,
  body: usize,
  bodyLength: usize,
  responseHeaders: usize,
  responseHeadersLength: usize,
  responseBody: usize,
  responseBodyLength: usize,
  status: usize,
): i32;
