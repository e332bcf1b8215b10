import { expect, it } from 'vitest';
import type { HttpTransport } from '../../sensor-host/guest/transport.js';
import { SensorHost } from '../../sensor-host/sensor-host.js';
import { testModule } from '../support/built-modules.js';
import { TestClock } from '../support/sensor-clock.js';

const MESSAGES = 200_000;
const FIRST_PAGES_BYTES = 2 * 65_536;

it('the publisher stays in its first two pages over 200,000 messages, outages included', {
  timeout: 120_000,
}, async () => {
  const clock = new TestClock();
  let sent = 0;
  let requests = 0;
  // A server would take minutes for this many; everything on the module's side is the real thing.
  const transport: HttpTransport = {
    send(request, done) {
      requests++;
      const down = Math.floor(clock.time / 100_000) % 4 === 3;
      if (!down) sent += request.body ? request.body.toString().split('"sequence":').length - 1 : 0;
      const body = Buffer.from('{"status":"accepted","accepted":1}');
      return clock.after(0, () => done(down ? { result: 2 } : { result: 0, status: 200, headers: 'Date: x', body }));
    },
    close: async () => {},
  };
  const host = new SensorHost({ clock, transport });
  const spec = {
    args: ['--proxy', 'http://p', '--interval', '0.05'],
    env: { BACALHAU_EXECUTION_ID: 'e-1' },
    region: 'eu',
  };
  const publisher = await testModule('publisher');
  let memory: WebAssembly.Memory | undefined;
  const instantiate = (imports: WebAssembly.Imports) => {
    const instance = publisher.instantiate(imports);
    memory = instance.exports.memory as WebAssembly.Memory;
    return instance;
  };
  host.start({ name: 'publisher', instantiate }, spec);
  while (sent < MESSAGES) clock.run(60_000);
  expect(requests).toBeGreaterThan(MESSAGES / 2);
  expect(memory!.buffer.byteLength).toBe(FIRST_PAGES_BYTES);
  await host.close();
});
