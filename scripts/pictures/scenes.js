// What the moving pictures show: terminals, what is typed into them, and what must be seen before the next step.

/**
 * A step of the first terminal, where no other is named: type a line, press keys, wait until the screen shows `see`, then
 * for `pause` ms.
 *
 * @typedef {{ terminal?: number, type?: string, press?: string, see?: RegExp, pause?: number }} Step
 * @typedef {{ name: string, terminals: { title: string, cols: number, rows: number }[], steps: Step[] }} Scene
 */

/** @type {Scene[]} */
export const SCENES = [
  {
    name: 'up',
    terminals: [
      { title: 'a terminal', cols: 92, rows: 20 },
      { title: 'a second one', cols: 92, rows: 7 },
    ],
    steps: [
      { pause: 400 },
      { type: 'npx wasm-sensors up --deploy', see: /3\/3 sensors/, pause: 3000 },
      { terminal: 1, type: "npx wasm-sensors config set color='#3366ff' interval=0.5", see: /3\/3 .*s\)/, pause: 2500 },
      { terminal: 1, type: 'npx wasm-sensors region disconnect eu', see: /1\/1 nodes disconnected \(/, pause: 4000 },
      { terminal: 1, type: 'npx wasm-sensors region reconnect eu', see: /1\/1 nodes connected \(/, pause: 4000 },
    ],
  },
];
