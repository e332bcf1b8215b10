/** The queue server as its own process, so that its CPU time is measured apart from the load's. Argument: the store. */
import { serveOnLoopback } from '../sqs-server/serve-on-loopback.js';

const served = await serveOnLoopback({ path: process.argv[2]! });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send!({ cpuUs: user + system, rssBytes: process.memoryUsage().rss });
});
process.on('disconnect', () => void served.close());
process.send!(served.url);
