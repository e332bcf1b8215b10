/** A port of loopback on which nobody listens, and which nobody else can take. */
import { connect, createServer, type Socket } from 'node:net';

export interface ClosedPort {
  port: number;
  close(): Promise<void>;
}

/** The near end of an open connection: it is taken, and refuses connections. */
export async function closedPort(): Promise<ClosedPort> {
  const ends: Socket[] = [];
  const server = createServer((socket) => ends.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const near = connect(port, '127.0.0.1');
  await new Promise<void>((resolve, reject) => near.once('connect', resolve).once('error', reject));
  return {
    port: near.localPort!,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        near.destroy();
        for (const end of ends) end.destroy();
      }),
  };
}
