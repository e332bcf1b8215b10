/**
 * How many connections a server takes, so that a flood of them leaves file descriptors and memory for those that are
 * there. When they run out, connections that do nothing make room for new ones.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** A fleet of 5,000 sensors keeps one connection each. An idle one takes about 10 KB. */
const MAX_CONNECTIONS = 10_000;
/** File descriptors for everything else: the queue, the store, files, event streams of the supervisor. */
const RESERVED_FILES = 128;

/** Applies the limit to a server; `unused`: connections without a request so far, the oldest first. */
export function limitConnections(server: Server, unused: Set<Socket>, max = connectionLimit()): void {
  server.maxConnections = max;
  // Node closes the new connection. Its client gets in when it tries again.
  server.on('drop', () => {
    const [oldest] = unused;
    if (oldest) oldest.destroy();
    else server.closeIdleConnections();
  });
}

function connectionLimit(): number {
  const files = openFilesLimit();
  return Math.min(MAX_CONNECTIONS, Math.max(files - RESERVED_FILES, Math.floor(files / 2)));
}

/** What this process may open; Node raises it to the hard limit when it starts. */
function openFilesLimit(): number {
  if (!process.report) return Number.POSITIVE_INFINITY;
  // Looking up names of connections would take time.
  Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft: number | string } } };
  const soft = Number(userLimits?.open_files?.soft);
  return Number.isNaN(soft) ? Number.POSITIVE_INFINITY : soft;
}
