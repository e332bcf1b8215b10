/** The queue server as its own process, so that its CPU time is measured apart from the load's. Argument: the store. */
import { listen } from '../lib/net/http-server.js';
import { createQueueServer } from '../sqs-server/sqs-server.js';

const server = createQueueServer({ path: process.argv[2]! });
const { fetch } = server.app;
const listener = await listen({ fetch, host: '127.0.0.1', port: 0, purpose: 'queue', flag: '--port' });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send!({ cpuUs: user + system, rssBytes: process.memoryUsage().rss });
});
process.on('disconnect', () => {
  server.close();
  void listener.close();
});
process.send!(listener.url);
