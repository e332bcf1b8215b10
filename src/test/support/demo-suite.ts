/** `demo --auto` on a network, from a folder in which nothing is, to one in which nothing is left. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type RunResult, Sandbox } from './cli-harness.js';

interface DemoDocument {
  data: {
    passed: boolean;
    steps: { id: string; outcome: string; evidence: { ok: boolean; text: string }[] }[];
  };
}

/** Fails with what the demo printed. `nodes`: in each region. */
export async function runWholeDemo(network: string, nodes: number, env: Record<string, string> = {}): Promise<void> {
  const sandbox = new Sandbox(env);
  const args = ['demo', '--auto', '-o', 'json', '--network', network, '--nodes', String(nodes)];
  try {
    const result = await sandbox.run(args, { timeoutMs: 400_000 });
    const { passed, steps } = documentOf(result);
    expect(steps.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual(
      ['start', 'version-1', 'cut', 'version-2', 'reconnect', 'version-2-eu', 'live-change', 'figures'].map(
        (id) => `${id} seen`,
      ),
    );
    const texts = steps.flatMap(({ evidence }) => evidence.map(({ text }) => text)).join('\n');
    expect(texts).toMatch(/; 0 missing$/m);
    expect(texts).toMatch(/^0 gaps in /m);
    expect([passed, result.code]).toEqual([true, 0]);
    expect(readdirSync(sandbox.dir)).toEqual([]);
  } finally {
    const left = join(sandbox.dir, '.wasm-sensors-demo');
    if (existsSync(left)) await sandbox.run(['down', '--volumes', '--state-dir', left]);
    await sandbox.close();
  }
}

function documentOf({ stdout, stderr }: RunResult): DemoDocument['data'] {
  try {
    return (JSON.parse(stdout) as DemoDocument).data;
  } catch {
    throw new Error(`the demo printed no document: ${stdout}${stderr}`);
  }
}
