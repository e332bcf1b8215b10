/** What the client makes of a `bacalhau` that fails; stand-ins for it say what the real ones say. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { identify } from '../../lib/process/process-id.js';
import type { ApiAddress } from './bacalhau-cli.js';
import { createBacalhauClient } from './bacalhau-client.js';
import { findBacalhau } from './find-bacalhau.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'client-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A client of a program that runs this shell script; `version --client` works unless the script handles it. */
function clientOf(script: string, options: { timeoutMs?: number; api?: ApiAddress } = {}) {
  const path = join(folder, 'bacalhau');
  const version = '{"clientVersion":{"GitVersion":"v1.9.3"}}';
  writeFileSync(path, `#!/bin/sh\n${script}\ncase "$*" in *version*) echo '${version}'; exit 0;; esac\nexit 9\n`);
  chmodSync(path, 0o755);
  const api = { host: '10.1.2.3', port: 7777 };
  return createBacalhauClient({ path, stateDir: join(folder, 'state'), api, ...options });
}
const failing = (text: string) =>
  clientOf(`case "$*" in *version*) ;; *) cat >&2 <<'TEXT'\n${text}\nTEXT\nexit 1;; esac`);

describe('what a failing bacalhau says becomes an error with a hint', () => {
  it.each([
    ['BACALHAU_API_UNREACHABLE', 'Error: server is not running or not reachable at http://10.1.2.3:7777'],
    ['BACALHAU_API_UNREACHABLE', 'Error: host not found'],
    ['BACALHAU_API_UNREACHABLE', 'Error: request cancelled'],
    ['BACALHAU_API_UNREACHABLE', 'Get "http://10.1.2.3:7777/x": dial tcp 10.1.2.3:7777: i/o timeout'],
    ['BACALHAU_REPOSITORY_VERSION', 'Error: failed to reconcile repo: \nUnsupported repository version 5.'],
    ['JOB_UNCHANGED', "Error: no changes detected for new job spec. Job Name: 'x'"],
    ['NO_MATCHING_NODES', 'Error: not enough nodes to run job. requested: 3, available: 1, suitable: 1.'],
    ['ENV_NOT_FORWARDED', 'Error: rejected bid: this node does not resolve environment variable HOSTNAME: …'],
    [
      'BACALHAU_API_TLS',
      'Error: Unable to parse API call response body. Error: "…". Body received: "Client sent an HTTP request to an HTTPS server.\\n"',
    ],
    [
      'BACALHAU_API_OTHER',
      `Error: Unable to parse API call response body. Error: "invalid character '<' looking for …". Body received: "<html>403 …"`,
    ],
    ['BACALHAU_API_OTHER', "Error: failed request: invalid character '<' looking for beginning of value"],
    ['BACALHAU_API_TLS', 'Error: network error: http: server gave HTTP response to HTTPS client'],
    ['BACALHAU_API_DENIED', 'Error: Unauthorized'],
    [
      'BACALHAU_API_DENIED',
      'the orchestrator supports the new authentication method. Please login using username/password',
    ],
  ])('%s', async (code, text) => {
    const error = await failing(`\u001b[31m${text}`)
      .jobs()
      .catch((caught) => caught);
    expect(error).toMatchObject({ code, hint: expect.stringMatching(/\w/) });
    expect(error.message).not.toContain('$1');
  });

  it('an API that does not answer is named, with what was seen of it', async () => {
    const error = await failing('dial tcp 10.1.2.3:7777: i/o timeout')
      .nodes()
      .catch((caught) => caught);
    expect(error.message).toBe("Bacalhau's API does not answer: dial tcp 10.1.2.3:7777: i/o timeout");
    expect(error.details).toEqual(['the API is expected at http://10.1.2.3:7777']);
    const slow = clientOf('case "$*" in *version*) ;; *) exec sleep 20;; esac', { timeoutMs: 300 });
    await expect(slow.nodes()).rejects.toThrow(/does not answer: no answer within 0.3 s/);
  });

  it('a program that hangs is not taken for an API that does', async () => {
    const hanging = clientOf('exec sleep 20', { timeoutMs: 300 });
    await expect(hanging.clientVersion()).rejects.toMatchObject({ code: 'BACALHAU_HANGS' });
  });

  it('what hangs behind a wrapper is ended, too, in time', async () => {
    const began = Date.now();
    const wrapped = clientOf(`sleep 20 & echo $! > ${folder}/pid; wait`, { timeoutMs: 300 });
    await expect(wrapped.clientVersion()).rejects.toMatchObject({ code: 'BACALHAU_HANGS' });
    expect(Date.now() - began).toBeLessThan(5000);
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    await expect.poll(() => identify('sleep', pid), { timeout: 5000 }).toBeUndefined();
  });

  it('a program that can not be started is said so', async () => {
    const broken = clientOf('');
    writeFileSync(join(folder, 'bacalhau'), '#!/nowhere/sh');
    await expect(broken.clientVersion()).rejects.toThrow(/^bacalhau version: .*ENOENT/);
  });

  it('any other text is kept', async () => {
    await expect(failing('\u001b[31mError: \u001b[0mthe disk is full').jobs()).rejects.toMatchObject({
      code: 'BACALHAU_FAILED',
      message: 'bacalhau job list: the disk is full',
      details: [],
    });
  });
});

it('reads JSON after other words, and says so when there is none', async () => {
  const nodes = await clientOf(`case "$*" in *node*) echo "Initializing repo at x"; echo '[]'; exit 0;; esac`).nodes();
  expect(nodes).toEqual([]);
  const none = clientOf('case "$*" in *node*) echo "no nodes"; exit 0;; esac').nodes();
  await expect(none).rejects.toMatchObject({ code: 'BACALHAU_OUTPUT' });
});

it.each([
  ['v1.7.0', true],
  ['v1.8.0', false],
  ['v1.10.0-rc1', false],
  ['v2.0.1', false],
])('%s is too old: %s, here and as the orchestrator', async (version, isOld) => {
  const client = clientOf(`echo '{"clientVersion":{"GitVersion":"${version}"},"GitVersion":"${version}"}'; exit 0`);
  for (const ask of [client.clientVersion, client.agentVersion]) {
    const found = ask();
    if (isOld) await expect(found).rejects.toMatchObject({ code: 'BACALHAU_TOO_OLD' });
    else expect(await found).toBe(version);
  }
});

it("sets host, port and folder, and keeps the user's own settings out", async () => {
  vi.stubEnv('BACALHAU_API_HOST', 'elsewhere');
  vi.stubEnv('BACALHAU_PROFILE', 'mine');
  await clientOf(`env > ${folder}/env`)
    .nodes()
    .catch(() => {});
  const env = readFileSync(join(folder, 'env'), 'utf8');
  expect(env).toContain('BACALHAU_API_HOST=10.1.2.3\n');
  expect(env).toContain('BACALHAU_API_PORT=7777\n');
  expect(env).toContain(`BACALHAU_DIR=${join(folder, 'state', 'bacalhau')}\n`);
  expect(env).toContain('BACALHAU_DISABLEANALYTICS=true\n');
  expect(env).not.toContain('BACALHAU_PROFILE');
});

it.each([
  [{ apiKey: 'k' }, ['BACALHAU_API_KEY=k']],
  [{ username: 'u', password: 'p' }, ['BACALHAU_API_USERNAME=u', 'BACALHAU_API_PASSWORD=p']],
])('gives %j by environment, and the signer by argument', async (credentials, variables) => {
  vi.stubEnv('BACALHAU_API_KEY', 'of somebody else');
  const api = { host: '10.1.2.3', port: 7777, tls: { caFile: '/ca.pem' }, credentials };
  await clientOf(`env > ${folder}/env; echo "$*" > ${folder}/args`, { api })
    .nodes()
    .catch(() => {});
  const env = readFileSync(join(folder, 'env'), 'utf8').split('\n');
  expect(env.filter((line) => /^BACALHAU_API_(KEY|USER|PASS)/.test(line)).sort()).toEqual([...variables].sort());
  expect(readFileSync(join(folder, 'args'), 'utf8')).toBe(
    '-c API.TLS.UseTLS=true -c API.TLS.CAFile=/ca.pem node list --limit 0 --output json\n',
  );
});

it('says where it looked when there is no bacalhau', () => {
  vi.stubEnv('PATH', folder);
  expect(() => findBacalhau()).toThrow(/no bacalhau on PATH/);
  expect(() => findBacalhau('./nowhere/bacalhau')).toThrow(/nowhere\/bacalhau can't be run/);
});
