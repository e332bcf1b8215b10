/** For tests: one real publisher in the real host against a real HTTP server, in time that the test controls. */
import { HostList } from '../../lib/net/host-list.js';
import type { ModuleName } from '../../modules/module-files.js';
import { createTransport } from '../../sensor-host/guest/transport.js';
import type { GuestExit, RunningGuest } from '../../sensor-host/guest/wasi-guest.js';
import type { Mount } from '../../sensor-host/host-schemas.js';
import { SensorHost } from '../../sensor-host/sensor-host.js';
import { testModule } from './built-modules.js';
import { TestClock } from './sensor-clock.js';
import { TestProxy } from './test-proxy.js';

export interface TestSensorOptions {
  module?: ModuleName;
  args?: string[];
  env?: Record<string, string>;
  mounts?: Mount[];
  /** Default: the proxy's URL is given as `--proxy`. */
  withoutProxy?: boolean;
}

export class TestSensor {
  exit: (GuestExit & { lastLine: string }) | undefined;
  guest!: RunningGuest;

  private constructor(
    readonly proxy: TestProxy,
    readonly clock: TestClock,
    readonly host: SensorHost,
  ) {}

  /** Starts a proxy; `start` starts the sensor, so that a test can prepare the proxy first. */
  static async prepare(): Promise<TestSensor> {
    const proxy = await TestProxy.start();
    const clock = new TestClock();
    const transport = clock.watch(createTransport(clock), () => proxy.held);
    return new TestSensor(proxy, clock, new SensorHost({ clock, transport }));
  }

  async start(options: TestSensorOptions = {}): Promise<this> {
    const args = [...(options.withoutProxy ? [] : ['--proxy', this.proxy.url]), ...(options.args ?? [])];
    const env = { HOSTNAME: 'edge-eu-1', BACALHAU_JOB_ID: 'j-1', BACALHAU_EXECUTION_ID: 'e-1', ...options.env };
    const allowed = new HostList(['127.0.0.1', 'localhost']);
    const spec = { args, env, region: 'eu', mounts: options.mounts ?? [], allowed };
    const module = await testModule(options.module ?? 'publisher');
    this.guest = this.host.start(module, spec, (exit, lastLine) => {
      this.exit = { ...exit, lastLine };
    });
    await this.clock.pass(0);
    return this;
  }

  async close(): Promise<void> {
    await this.host.close();
    await this.proxy.close();
  }
}
