/** What the groups of commands are for, as `--help` lists them. */
export const GROUPS: Record<string, string> = {
  deploy: 'run sensors, modules of your own, or the proxy and the puller, as jobs',
  stop: 'stop what `deploy` runs',
  config: 'show and change what running sensors do',
  region: 'cut the link of a region, and restore it',
  sensors: 'tokens of single nodes, and nodes that may not send any more',
  token: 'the key of the sensor tokens',
  build: 'compile the modules of the sensors',
  images: "build and push this program's Docker image",
  proxy: 'the proxy alone, which takes readings from sensors',
  relay: 'the proxy of a site, which keeps readings on its disk while the cloud is away',
  puller: 'the puller alone, which takes readings from the queue',
  store: 'move the store of readings',
  queue: 'look into the queue and its dead letters, or run a queue server',
};

/** Headings of `--help`, with the commands and groups under each. */
export const HEADINGS: Record<string, string[]> = {
  'Run:': ['demo', 'up', 'top', 'down', 'status', 'doctor', 'logs'],
  'Readings:': ['tail', 'plot', 'history', 'query', 'export', 'store'],
  'Sensors and modules:': ['deploy', 'stop', 'config', 'region', 'sensors', 'token', 'init', 'build'],
  'Single services:': ['proxy', 'relay', 'puller', 'queue'],
  'Set-up:': ['settings', 'render', 'images', 'shell'],
};
