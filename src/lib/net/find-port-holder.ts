/** Which process listens on a port. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface PortHolder {
  name: string;
  pid: number;
}

/** Code of the state LISTEN in `/proc/net/tcp`. */
const LISTEN = '0A';

/** Only Linux tells; undefined elsewhere, and where the process is another user's. */
export function findPortHolder(port: number): PortHolder | undefined {
  const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => listeningOn(port, table)));
  if (sockets.size === 0) return undefined;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const holds = readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.has(linkOf(`/proc/${pid}/fd/${fd}`)));
      if (holds) return { name: readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), pid: Number(pid) };
    } catch {
      // It has exited, or is another user's.
    }
  }
  return undefined;
}

/** Links of the sockets that listen on a port, as `/proc/<pid>/fd` has them. */
function listeningOn(port: number, table: string): string[] {
  let text: string;
  try {
    text = readFileSync(`/proc/net/${table}`, 'utf8');
  } catch {
    return [];
  }
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return text.split('\n').flatMap((line) => {
    // Number, local address, remote address, state, … inode.
    const fields = line.trim().split(/\s+/);
    return fields[1]?.endsWith(suffix) && fields[3] === LISTEN ? [`socket:[${fields[9]}]`] : [];
  });
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
