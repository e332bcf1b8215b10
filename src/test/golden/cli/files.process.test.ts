/** Commands that make files and images: `render`, `build wasm`, and `images`, with a `docker` that stands in. */
import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, test } from 'vitest';
import { Box } from '../../support/box.js';
import { runCli } from '../../support/cli.js';
import type { Placeholder } from '../normalize.js';
import { CommandTranscript } from './command-transcript.js';

let box: Box;
let transcript: CommandTranscript;

const VERSION: Placeholder = [/(wasm-sensors(?:-[a-z]+)?:)\d+\.\d+\.\d+/g, '$1<version>'];

beforeEach(() => {
  box = new Box();
  transcript = new CommandTranscript([...box.placeholders, VERSION]);
});
afterEach(() => box.close());

async function run(args: string[], note = '', env: Record<string, string> = {}): Promise<void> {
  transcript.add(args, await runCli(args, { folder: box.folder, env: { ...box.env, ...env } }), note);
}

async function both(args: string[], note = ''): Promise<void> {
  await run(args, note);
  await run([...args, '-o', 'json'], note);
}

/** Files below a folder, by path. */
const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1))
    .sort();

test('render', async () => {
  await run(['render']);
  await run(['render', '--dir', 'other/network', '--nodes', '2', '-o', 'json']);
  box.write('file', '');
  await run(['render', '--dir', 'file']);
  // What the program itself consists of is its own affair.
  const files = filesIn(`${box.folder}/network`).filter((name) => !name.startsWith('image/dist/'));
  transcript.file('files in network', `${files.join('\n')}\n`);
  await transcript.matches('render');
});

test('build wasm', async () => {
  // Where the modules are built already: compiling them takes half a minute.
  for (const args of [
    ['build', 'wasm'],
    ['build', 'wasm', '-o', 'json'],
  ]) {
    transcript.add(args, await runCli(args, box), '', [
      [/\b\d{4,6} bytes/g, '<n> bytes'],
      [/("bytes": )\d+/g, '$1<n>'],
    ]);
  }
  await transcript.matches('build-wasm');
});

test('images', async () => {
  const digest = `sha256:${'ab12'.repeat(16)}`;
  box.program(
    'docker',
    `echo "$*" >> '${box.folder}/calls'
case "$*" in
  version*) echo 28.0.0 ;;
  *.Created*) echo 2026-01-31T12:00:00Z ;;
  *.Size*) echo '${digest} 234567890' ;;
  push*) printf '0123456789ab: Preparing\\n0123456789ab: Pushed\\nlatest: digest: ${digest} size: 1\\n' ;;
  login*) cat > '${box.folder}/password' ;;
esac`,
  );
  await both(['images', 'push']);
  await run(['images', 'push', '--registry', 'localhost:5000', '--tag', 'mine']);
  await run(['images', 'push', '--tag', 'not a tag']);
  await run(['images', 'build', '--registry', 'https://ghcr.io', '-o', 'json']);
  const login = { GITHUB_USERNAME: 'somebody', GITHUB_PAT: 'a-secret' };
  await run(['images', 'login'], 'GITHUB_USERNAME and GITHUB_PAT are set', login);
  await run(
    ['images', 'login', '--registry', 'localhost:5000', '--username', 'other', '-o', 'json'],
    'the same',
    login,
  );
  box.write('.env', 'GITHUB_USERNAME=from-file\nGITHUB_PAT=a-secret\n');
  await run(['images', 'login'], '.env has them');
  await transcript.matches('images/done');
});

test('images: what fails', async () => {
  const says = (script: string) => box.program('docker', script);
  const failing = (call: string, text: string) =>
    says(`case "$*" in ${call}*) echo '${text}' >&2; exit 1 ;; *.Created*) echo 2026-01-31T12:00:00Z ;; esac`);
  says(`case "$*" in *inspect*) echo 'Error: No such image: x' >&2; exit 1 ;; esac`);
  await both(['images', 'push'], 'no image');
  for (const text of [
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    'permission denied while trying to connect to the Docker daemon socket',
  ]) {
    failing('version', text);
    await run(['images', 'push'], text);
  }
  for (const text of [
    'denied: requested access to the resource is denied',
    'unauthorized: authentication required',
    'no basic auth credentials',
    'dial tcp: lookup registry.example.com: no such host',
    'write /var/lib/docker/x: no space left on device',
    'something else',
  ]) {
    failing('push', text);
    await run(['images', 'push', '--registry', 'registry.example.com'], text);
  }
  failing('login', 'Error response from daemon: Get "https://ghcr.io/v2/": denied: denied');
  const login = { GITHUB_USERNAME: 'somebody', GITHUB_PAT: 'a-secret' };
  await run(['images', 'login'], 'the registry refuses', login);
  failing('build', 'ERROR: failed to solve: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1');
  await run(['images', 'build', '--tag', 'x'], 'the build fails');
  await transcript.matches('images/failed');
});
