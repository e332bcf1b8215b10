/** Runs the CLI as benchmarks and tests need it. */
import { execa } from 'execa';
import { freePorts } from '../lib/net/choose-port.js';
import { selfCommand } from '../lib/process/self-command.js';

/** A Docker network of its own: the developer's, and its data, are not touched. */
export const BENCH_PROJECT = 'wasm-sensors-bench';

/** Runs a command; resolves with its stdout, rejects when it fails. */
export async function runCli(cwd: string, words: string[], further: Record<string, string> = {}): Promise<string> {
  const { command, args } = selfCommand(words);
  const env = { COMPOSE_PROJECT_NAME: BENCH_PROJECT, PROXY_JOB_PORT: '0', PULLER_JOB_PORT: '0', ...further };
  const { stdout } = await execa(command, args, { cwd, env, stdin: 'ignore' });
  return stdout;
}

/** Flags of `up` with free ports: several networks may be starting on this machine. `network`: one that may run Bacalhau. */
export async function freePortFlags(network?: string): Promise<string[]> {
  const flags = ['--port', '--puller-port', '--queue-port'];
  if (network === 'native' || network === 'compose') flags.push('--api-port', '--nats-port', '--webui-port');
  const ports = await freePorts(flags.length);
  return flags.flatMap((flag, i) => [flag, String(ports[i])]);
}
