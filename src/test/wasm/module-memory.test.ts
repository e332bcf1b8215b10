import { expect, it } from 'vitest';
import { createSensorHost } from '../../sensor-host/sensor-host.js';
import type { HttpTransport } from '../../sensor-host/transport.js';
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
  const host = createSensorHost({ clock, transport });
  const memories: WebAssembly.Memory[] = [];
  const { Instance } = WebAssembly;
  const spec = {
    args: ['--proxy', 'http://p', '--interval', '0.05'],
    env: { BACALHAU_EXECUTION_ID: 'e-1' },
    region: 'eu',
  };
  WebAssembly.Instance = class extends Instance {
    constructor(...args: ConstructorParameters<typeof Instance>) {
      super(...args);
      memories.push(this.exports.memory as WebAssembly.Memory);
    }
  };
  try {
    host.start(await testModule('publisher'), spec);
  } finally {
    WebAssembly.Instance = Instance;
  }
  while (sent < MESSAGES) clock.run(60_000);
  expect(requests).toBeGreaterThan(MESSAGES / 2);
  expect(memories.map(({ buffer }) => buffer.byteLength)).toEqual([FIRST_PAGES_BYTES]);
  await host.close();
});
