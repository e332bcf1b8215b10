/** A `bacalhau` whose nodes connect, send heartbeats and answer as real ones do; they run nothing. It keeps every request. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Box } from './box.js';

/** Runs as a process of its own, in the node's folder. */
function nodeMain(data: string): void {
  const [fs, http, net] = [require('node:fs'), require('node:http'), require('node:net')] as [
    typeof import('node:fs'),
    typeof import('node:http'),
    typeof import('node:net'),
  ];
  const args = process.argv.slice(2);
  if (args.includes('--client')) {
    console.log('{"clientVersion":{"GitVersion":"v1.9.3"}}');
    return;
  }
  const name = args[args.indexOf('--name') + 1]!;
  const config = fs.readFileSync('node.yaml', 'utf8');
  const numberAfter = (pattern: RegExp) => Number(pattern.exec(config)![1]);
  if (fs.existsSync(`${data}/exits-${name}`)) {
    // One line: the frames of a thrown error would fill what is reported of its log.
    console.error('this node can not start');
    process.exit(1);
  }
  if (fs.existsSync(`${data}/hangs-${name}`)) {
    setInterval(() => {}, 1000);
    return;
  }
  const connected = new Map<string, { LastHeartbeat: string; ConnectedSince: string }>();
  http
    .createServer((request, response) => {
      fs.appendFileSync(`${data}/requests`, `${name} ${request.url}\n`);
      const nodes = [...connected].map(([NodeID, times]) => ({
        Info: { NodeID, NodeType: 'Compute' },
        ConnectionState: { Status: 'CONNECTED', ...times },
      }));
      response.end(JSON.stringify({ Nodes: nodes }));
    })
    .listen(numberAfter(/^API:[\s\S]*?Port: (\d+)/m), '127.0.0.1');
  if (name !== 'orchestrator') {
    const socket = net.connect(numberAfter(/nats:\/\/127.0.0.1:(\d+)/), '127.0.0.1');
    const beat = () => socket.write(`${name}\n`);
    beat();
    setInterval(beat, 500);
    return;
  }
  net
    .createServer((socket) => {
      let from = '';
      const now = () => new Date().toISOString();
      socket.on('data', (text: Buffer) => {
        const first = from === '';
        from = text.toString().split('\n')[0]!;
        const ConnectedSince = first ? now() : (connected.get(from)?.ConnectedSince ?? now());
        connected.set(from, { LastHeartbeat: now(), ConnectedSince });
      });
      socket.on('error', () => {}).on('close', () => connected.delete(from));
    })
    .listen(numberAfter(/^Orchestrator:[\s\S]*?Port: (\d+)/m), '127.0.0.1');
}

export class FakeNodes {
  readonly program: string;
  readonly #data: string;

  constructor(box: Box) {
    this.#data = join(box.programs, 'nodes');
    mkdirSync(this.#data);
    const script = join(this.#data, 'main.cjs');
    writeFileSync(script, `(${nodeMain})(${JSON.stringify(this.#data)});\n`);
    this.program = box.program('bacalhau', `exec '${process.execPath}' '${script}' "$@"`);
  }

  /** From its next start on this node behaves so. */
  next(name: string, does: 'works' | 'hangs' | 'exits'): void {
    for (const other of ['hangs', 'exits']) rmSync(join(this.#data, `${other}-${name}`), { force: true });
    if (does !== 'works') writeFileSync(join(this.#data, `${does}-${name}`), '');
  }

  /** By whom they were answered and for what, since the last call. */
  takeRequests(): string[] {
    const file = join(this.#data, 'requests');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    writeFileSync(file, '');
    return lines;
  }
}
