import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { endWithReader, exitCodeOf, reportReady, type StopReason, stopRequested } from './shutdown.js';

// The process itself stays out of it: its signals and its end are only noted.
const EVENTS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const;
const listeners = new Map<string, (...args: unknown[]) => void>();
let exited: number[];

beforeEach(() => {
  listeners.clear();
  exited = [];
  vi.spyOn(process, 'on').mockImplementation((event: unknown, listener: unknown) => {
    listeners.set(String(event), listener as () => void);
    return process;
  });
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    exited.push(Number(code));
    return undefined as never;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** As if a supervisor had started this process, which may be gone by now. */
function supervise(connected: boolean, send: (message: unknown) => boolean): void {
  for (const [name, value] of Object.entries({ connected, send })) {
    const before = Object.getOwnPropertyDescriptor(process, name);
    Object.defineProperty(process, name, { value, configurable: true });
    onTestFinished(() => {
      if (before) Object.defineProperty(process, name, before);
      else Reflect.deleteProperty(process, name);
    });
  }
}

test.each<[StopReason, number]>([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
  ['supervisor gone', 1],
  ['reader gone', 0],
])('%s ends a program with %i', (reason, code) => {
  expect(exitCodeOf(reason)).toBe(code);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s asks to stop, and once more ends at once', async (signal) => {
  const asked = stopRequested({ supervised: false });
  listeners.get(signal)!();
  expect(await asked).toBe(signal);
  expect(exited).toEqual([]);
  listeners.get('SIGTERM')!();
  expect(exited).toEqual([143]);
});

test('a supervised process stops when its supervisor is gone, another one has none', async () => {
  const before = Object.getOwnPropertyDescriptor(process, 'connected');
  Object.defineProperty(process, 'connected', { value: true, configurable: true });
  onTestFinished(() => {
    if (before) Object.defineProperty(process, 'connected', before);
    else delete (process as { connected?: boolean }).connected;
  });
  void stopRequested({ supervised: false });
  expect([...listeners.keys()].sort()).toEqual(['SIGHUP', 'SIGINT', 'SIGTERM']);
  const asked = stopRequested({ supervised: true });
  expect([...listeners.keys()].sort()).toEqual([...EVENTS].sort());
  listeners.get('disconnect')!();
  expect(await asked).toBe('supervisor gone');
  // While it closes in order a signal ends it at once, the loss of its supervisor does not.
  listeners.get('disconnect')!();
  expect(exited).toEqual([]);
});

test('a process whose supervisor was killed while it started stops, too', async () => {
  supervise(false, () => {
    throw new Error('Channel closed');
  });
  reportReady({ port: 9090 });
  expect(await stopRequested({ supervised: true })).toBe('supervisor gone');
});

test('a supervisor hears that a process is ready, with what it says of itself', () => {
  const sent: unknown[] = [];
  supervise(true, (message) => sent.push(message) > 0);
  reportReady({ port: 9090 });
  expect(sent).toEqual([{ ready: { port: 9090 } }]);
});

test('a reader that has gone asks to stop; other trouble with the output is no reader’s', async () => {
  const onError = new Map<unknown, (error: Error) => void>();
  for (const stream of [process.stdout, process.stderr] as NodeJS.EventEmitter[]) {
    vi.spyOn(stream, 'on').mockImplementation((_, listener) => {
      onError.set(stream, listener);
      return stream;
    });
  }
  endWithReader();
  const fail = (stream: unknown, code: string) => onError.get(stream)!(Object.assign(new Error(code), { code }));
  const asked = stopRequested({ supervised: false });
  // A full disk under the log of what runs in the background ends nothing.
  fail(process.stderr, 'ENOSPC');
  expect(() => fail(process.stdout, 'ENOSPC')).toThrow('ENOSPC');
  expect(() => fail(process.stderr, 'EBADF')).toThrow('EBADF');
  fail(process.stdout, 'EPIPE');
  expect(await asked).toBe('reader gone');
  fail(process.stderr, 'EIO');
  expect(exited).toEqual([]);
});
