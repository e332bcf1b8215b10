import { afterEach, expect, test, vi } from 'vitest';
import { Terminal } from './terminal.js';

afterEach(() => {
  vi.restoreAllMocks();
});

// The error would leave the services of `up` running: nothing would stop them any more.
test('a terminal that is gone can be closed', () => {
  const { stdin, stdout } = process;
  vi.spyOn(stdout, 'write').mockReturnValue(true);
  const modes: boolean[] = [];
  // As Node does it.
  const setRawMode = (mode: boolean) => {
    modes.push(mode);
    if (!mode) stdin.emit('error', new Error('setRawMode EIO'));
    return stdin;
  };
  const before = { isTTY: stdin.isTTY, setRawMode: stdin.setRawMode };
  Object.assign(stdin, { isTTY: true, setRawMode });
  try {
    const terminal = new Terminal({ onKey() {}, onResize() {}, onStderr() {} });
    terminal.open();
    terminal.close();
    expect(modes).toEqual([true, false]);
  } finally {
    Object.assign(stdin, before);
  }
});

test('Ctrl-C ends the command, whatever waits for an answer, and is no key of the screen', () => {
  const { stdin, stdout } = process;
  vi.spyOn(stdout, 'write').mockReturnValue(true);
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  const keys: string[] = [];
  const terminal = new Terminal({ onKey: ({ text }) => keys.push(text), onResize() {}, onStderr() {} });
  terminal.open();
  stdin.emit('keypress', '\x03', { name: 'c', ctrl: true });
  stdin.emit('keypress', 'q', { name: 'q' });
  terminal.close();
  expect([kill.mock.calls, keys]).toEqual([[[process.pid, 'SIGINT']], ['q']]);
});
