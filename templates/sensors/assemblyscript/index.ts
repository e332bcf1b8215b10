import { random, run, Sensor, Values } from 'wasm-sensors/sdk';

class MySensor extends Sensor {
  measure(values: Values): void {
    values.set('temperature', 20 + random());
  }
}

run(new MySensor());
