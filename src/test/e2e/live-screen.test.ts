/** The live screen in a real terminal: it fits, it scrolls nothing away, and the terminal is as it was afterwards. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually, Sandbox } from '../support/cli-harness.js';
import { type TerminalSize, TmuxTerminal, tmuxMissing } from '../support/tmux-terminal.js';

const SMALL = { columns: 40, rows: 12 };
const USUAL = { columns: 80, rows: 24 };
const LARGE = { columns: 120, rows: 40 };

const RESTORED = { alternate: false, cursor: true, wrap: true };

let box: Sandbox;
let terminals: TmuxTerminal[] = [];

beforeEach((context) => {
  if (tmuxMissing !== undefined) context.skip(tmuxMissing);
  box = new Sandbox();
  terminals = [];
});

afterEach(async () => {
  for (const terminal of terminals) terminal.close();
  if (tmuxMissing === undefined) await box.close();
});

function open(size: TerminalSize): TmuxTerminal {
  const terminal = new TmuxTerminal(box.dir, size);
  terminals.push(terminal);
  return terminal;
}

/** An `up` whose three sensors have sent. */
async function up(terminal: TmuxTerminal, nodeArgs: string[] = []): Promise<void> {
  terminal.run(['up', '--deploy', '--interval', '0.5', ...(await Sandbox.portFlags())], nodeArgs);
  await sees(terminal, /3 live/);
}

async function sees(terminal: TmuxTerminal, what: RegExp): Promise<void> {
  const text = () => terminal.rows().join('\n');
  await eventually(String(what), () => what.test(text())).catch((error: Error) => {
    throw new Error(`${error.message}; the terminal shows\n${text()}`);
  });
}

/** Title in the first row, keys in the last one, and no second title that has scrolled away. */
function expectFits(terminal: TmuxTerminal, { rows }: TerminalSize, view = '1'): true {
  const seen = terminal.rows();
  expect(seen).toHaveLength(rows);
  expect(seen[1]).toContain(`[${view}:`);
  expect(seen[0]).toMatch(/embedded {2}3 live/);
  expect(seen.at(-1)).toMatch(/^\? help/);
  const titles = terminal.everything().filter((line) => /embedded {2}\d live/.test(line));
  expect(titles).toHaveLength(1);
  return true;
}

/** The shell has its terminal back: no mode is left, and it reads lines and echoes them. */
async function expectRestored(terminal: TmuxTerminal, exit: string): Promise<void> {
  await sees(terminal, new RegExp(`^exit=${exit}$`, 'm'));
  expect(terminal.modes()).toEqual(RESTORED);
  terminal.type('stty -a | tr ";" "\\n" | grep -o " icanon\\| echo "');
  terminal.keys('Enter');
  await sees(terminal, /^ icanon\n echo/m);
  const lines = terminal.everything();
  expect(lines.filter((line) => /readings|#\d+$/.test(line))).toEqual([]);
  expect(lines.filter((line) => line === 'stopping: sensors, proxy, puller, queue').length).toBeLessThan(2);
}

test('it fits every size and view, its keys change the fleet, a killed service comes back, and q asks', {
  timeout: 150_000,
}, async () => {
  const terminal = open(USUAL);
  await up(terminal);
  expect(terminal.modes()).toEqual({ alternate: true, cursor: false, wrap: false });
  for (const size of [SMALL, USUAL, LARGE, SMALL, LARGE, USUAL]) {
    terminal.resize(size);
    for (const view of ['2', '3', '4', '1']) {
      terminal.keys(view);
      await eventually('a view that fits', () => expectFits(terminal, size, view));
    }
  }
  // From "all" up to the last region.
  terminal.keys('Up', 'c');
  terminal.type('color=#00ff88');
  terminal.keys('Enter');
  await sees(terminal, /color=#00ff88: 1\/1 sensors converged/);
  terminal.keys('d');
  await sees(terminal, /Cut as off\?.*\[y\/n\]/);
  terminal.keys('y');
  await sees(terminal, /> {2}as \(cut off\)/);
  terminal.keys('d');
  await eventually('the region connected again', async () =>
    (await box.fleet().summary()).regions.every(({ cut, live }) => !cut && live === 1),
  );
  await eventually('a view that fits', () => expectFits(terminal, USUAL));
  process.kill(box.pidOf('puller'), 'SIGKILL');
  await sees(terminal, /puller restarted/);
  await sees(terminal, /3 live/);
  expectFits(terminal, USUAL);
  terminal.keys('q');
  await sees(terminal, /Stop the network\?.*\[y\/n\]/);
  terminal.keys('n');
  await sees(terminal, /\? help/);
  terminal.keys('q', 'y');
  await expectRestored(terminal, '0');
});

test('top shows the same elsewhere; q and a signal end only top, Ctrl-C ends up', async () => {
  const [first, second] = [open(USUAL), open(SMALL)];
  await up(first);
  second.run(['top']);
  await sees(second, /3 live/);
  expectFits(second, SMALL);
  second.keys('q');
  await expectRestored(second, '0');
  second.run(['status', '--watch', '1']);
  await sees(second, /3\/3 reporting/);
  expect(second.rows().at(-1)).toMatch(/^q leaves/);
  second.keys('q');
  await expectRestored(second, '0');
  second.run(['top']);
  await sees(second, /3 live/);
  second.keys('C-z');
  await sees(second, /Stopped/);
  expect(second.modes()).toEqual(RESTORED);
  second.type('fg');
  second.keys('Enter');
  await sees(second, /3 live/);
  second.keys('C-c');
  await eventually('the shell', () => !second.modes().alternate);
  expect(second.modes()).toEqual(RESTORED);
  expectFits(first, USUAL);
  first.keys('C-c');
  await expectRestored(first, '130');
});

test('a terminal that is closed ends up in order; --plain has lines and no screen', async () => {
  const terminal = open(USUAL);
  terminal.run(['up', '--plain', '--deploy', '--interval', '0.5', ...(await Sandbox.portFlags())]);
  await sees(terminal, /edge-us-1 .*#2/);
  expect(terminal.modes()).toEqual(RESTORED);
  terminal.keys('C-c');
  await sees(terminal, /exit=130/);
  await up(terminal);
  const children = box.state().children.map(({ pid }) => pid);
  terminals.pop()?.close();
  await eventually('the end of up', () => !existsSync(join(box.stateDir, 'run.json')));
  expect(children.filter(runs)).toEqual([]);
});

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A bug, on demand. */
const CRASHING = 'data:text/javascript,process.on("SIGUSR2",()=>{throw(new(Error)("a bug"))})';

test('after a crash the terminal is restored, and shows why', async () => {
  const terminal = open(USUAL);
  await up(terminal, ['--import', CRASHING]);
  process.kill(box.state().up.pid, 'SIGUSR2');
  await expectRestored(terminal, '1');
  expect(terminal.everything().join('\n')).toContain('Error: a bug');
});
