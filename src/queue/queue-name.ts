/** Queue of readings on a queue server of our own. */
export const QUEUE_NAME = 'wasm-sensors';
