/**
 * Every error code of the product, once: whose fault it is, the exit code of a command that fails with it, the HTTP
 * status of an answer that carries it, and what it means. One code means one thing; docs/errors.md is made from this
 * table (`npm run docs`).
 */

/** `user`: the caller can fix it (input, settings). `system`: the environment failed (network, disk, another program). */
export type Fault = 'user' | 'system';

/** Statuses of refused requests. */
export type RefusalStatus = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422 | 429 | 500 | 503;

export interface CodeInfo {
  fault: Fault;
  /** 1: failed; 2: the command can't run as it was called or configured. */
  exitCode: 1 | 2;
  /** What it means, in one sentence. */
  summary: string;
  /** Status of an HTTP answer; without one, 422 for `user` and 500 for `system`. */
  http: RefusalStatus | undefined;
  /** The code that earlier versions gave here. */
  formerly: string | undefined;
}

type Row = (summary: string, http?: RefusalStatus, formerly?: string) => CodeInfo;

const row =
  (fault: Fault, exitCode: 1 | 2): Row =>
  (summary, http, formerly) => ({ fault, exitCode, summary, http, formerly });

const [user, usage, system] = [row('user', 1), row('user', 2), row('system', 1)] as const;

/** By code, in alphabetical order. */
export const CODES = {
  ALREADY_UP: user('Another `up` runs in this folder.'),
  AUTHORITY_UNREACHABLE: system('The proxy that this one follows must accept the change, and does not answer.', 503),
  BACALHAU_API_DENIED: user("The orchestrator's API refuses the credentials."),
  BACALHAU_API_OTHER: user("What answers at the API's address is not a Bacalhau orchestrator."),
  BACALHAU_API_TLS: user("This machine and the orchestrator's API can't agree on TLS."),
  BACALHAU_API_UNREACHABLE: system("The orchestrator's API does not answer."),
  BACALHAU_FAILED: system('A call of the `bacalhau` program failed for another reason.'),
  BACALHAU_HANGS: system('The `bacalhau` program does not even print its version.'),
  BACALHAU_NOT_FOUND: user('There is no `bacalhau` program.'),
  BACALHAU_OUTPUT: system('`bacalhau` printed something that can not be read.'),
  BACALHAU_REPOSITORY_VERSION: user('The `bacalhau` program is older than the one that wrote its folder.'),
  BACALHAU_TOO_OLD: user('The `bacalhau` program is too old.'),
  BAD_ENV_FILE: usage('A line of `.env` is not NAME=value.'),
  BAD_FIELD: user('A field of a reading or of a configuration change is not valid.', 422),
  BAD_FILE: usage("A node's configuration file has values that sensors refuse."),
  BAD_HTTP: user('What was sent is not an HTTP request.', 400),
  BAD_OPTION: usage('The value of an option is not valid, or the option does not fit the others.'),
  BAD_QUERY: user('A parameter in the URL of a request is not valid.', 400),
  BAD_REQUEST: user('The body of a request does not have the fields that it must have.', 422),
  BAD_SETTING: usage('The value of a setting is not valid.'),
  BAD_SQL: usage('SQLite refuses a statement, or it is not one that only reads.', 422),
  BAD_VALUE: usage('A value for the configuration of sensors is not valid.'),
  BAD_YAML: usage('`wasm-sensors.yaml` is not YAML, or holds something other than settings.'),
  BODY_ENCODED: user('The body of a request is compressed or encoded otherwise.', 415),
  CHILD_FAILED: system('A service did not start, or was not ready in time.'),
  CHILD_REFUSED: usage('A service refuses the options or settings it was started with.', undefined, 'CHILD_FAILED'),
  COMPILER_MISSING: user('The compiler of a module is not installed.'),
  COMPILE_FAILED: user('A module does not compile.'),
  COMPOSE_MISSING: user('Docker has no `docker compose`.'),
  COMPOSE_TOO_OLD: user('`docker compose` is too old.'),
  CONTAINER_FAILED: system('A container of the network exited while the network started.'),
  CREDENTIALS_MISSING: usage('Credentials for a registry or for AWS are not set.'),
  CREDENTIALS_MIXED: usage("An API key and a user with a password are both set for the orchestrator's API."),
  DEPLOY_FAILED: system('Executions of a deployed sensor failed.'),
  DEPLOY_TIMEOUT: system('Deployed sensors did not report in time.'),
  DISK_FULL: system("The disk of Docker's engine is full."),
  DOCKER_DENIED: user('This user has no access to Docker.'),
  DOCKER_FAILED: system('A call of `docker` failed for another reason.'),
  DOCKER_NOT_FOUND: user('There is no `docker` program.'),
  DOCKER_NOT_RUNNING: system('Docker is installed, but its engine does not answer.'),
  DOCKER_OUTPUT: system('`docker` printed something that can not be read.'),
  EDITOR_FAILED: user('The editor could not be started, or exited with an error.'),
  EMPTY_ARRAY: user('The array in the body of a request holds no reading.', 400),
  ENV_NOT_FORWARDED: system('The nodes do not forward an environment variable that the job needs.'),
  EVENTS_LOST: system('The reader of an event stream is too slow; events were dropped.'),
  FILE_NOT_WRITTEN: user('A file that the command should write can not be written.'),
  FOLDER_NOT_EMPTY: user('The folder for a new sensor exists and has files in it.'),
  FOREIGN_ORIGIN: user('A page of another site made the request.', 403),
  HISTORY_NOT_READY: system('The puller has just started and still reads what its store has.', 503),
  HOST_FULL: system('The sensor host can not hold more sensors.'),
  HOST_GONE: system('The sensor host does not answer.'),
  IMAGE_MISSING: user('An image is not on this machine and can not be pulled.'),
  IMAGE_NOT_BUILT: usage('There is no built image to push.', undefined, 'IMAGE_MISSING'),
  IMAGE_NOT_IN_REGISTRY: user('A service job needs an image that its registry does not have.'),
  INTERNAL: system('A defect of this program; the log of the service has the stack.', 500),
  JOBS_OF_OTHERS: user('Running jobs that would be replaced or stopped were submitted from another state folder.'),
  JOB_TOO_LARGE: system('A job with its module inside is larger than an orchestrator accepts.'),
  JOB_UNCHANGED: user('The network already has exactly this job.'),
  LINK_TIMEOUT: system("A region's link was set, but its nodes did not follow in time."),
  LISTEN_FAILED: system('A port can not be bound, though no other program holds it.'),
  LOCKED: system('Another command holds a lock for too long.'),
  MODULE_FAILED: system('A module of the user exits with an error, or can not be started by a node.'),
  MODULE_INVALID: user('A file is not a WebAssembly module, or can not be started.'),
  MODULE_NOT_BUILT: user('A built-in module has not been built.'),
  MODULE_REFUSED: user('No node can run a module: it lacks what nodes call, or imports what they do not have.'),
  MODULE_TOO_LARGE: user('The file of a module is larger than jobs carry.', 413),
  MODULE_UNREADABLE: user('The file of a module can not be read.'),
  NAME_TAKEN: user('A job of somebody else has the name.'),
  NETWORK_NOT_READY: system('The containers of the network were not ready in time.'),
  NOTHING_TO_CHANGE: usage('No value to change was given.'),
  NOTHING_TO_UNDO: usage('No version of the publisher was deployed before the one that runs.'),
  NOT_ALLOWED: user('The request needs the operator token, and the service has none.', 403),
  NOT_AN_OBJECT: user('A reading is not a JSON object.', 400),
  NOT_AUTHORITY: user('A configuration change was forwarded to a proxy that follows another one.', 409),
  NOT_CONFIRMED: usage('A command that deletes was not confirmed.'),
  NOT_CONVERGED: system('Sensors did not report the new configuration in time.'),
  NOT_JSON: user('The body of a request is not JSON.', 400, 'BAD_JSON'),
  NOT_LOGGED_IN: user('A registry needs a login.'),
  NOT_OFFERED: user('The network in use does not offer this.'),
  NOT_UP: user('No network is up in this folder.'),
  NOT_UTF8: user('The body of a request is not UTF-8.', 400),
  NO_API_HOST: usage('The remote network needs the address of its orchestrator.'),
  NO_FREE_PORT: system('There is no free TCP port.'),
  NO_HISTORY: user('The puller keeps no readings, so it has no history.', 404),
  NO_LOGS: user('No network has run in this folder, so there are no logs.'),
  NO_MATCHING_NODES: user('No connected node can run the job.'),
  NO_NODES: user('There is no edge node that can run a sensor.'),
  NO_POINTS: user('A metric has nothing in the time that was asked about.'),
  NO_QUEUE: usage('No queue was named.'),
  NO_SENSORS: user('A region of a roll-out has no sensors.'),
  NO_SERVICES_NODE: system('The network has no node for service jobs.'),
  NO_SQL: usage('No statement was given.'),
  NO_STORE: user('There is no store of readings: the puller runs without one, or a file is missing.', 404),
  NO_SUCH_DEAD_LETTER: user('No dead letter has the id.'),
  NO_SUCH_FILE: usage('A file that an option or setting names does not exist.'),
  NO_SUCH_HOST: usage('No node and no sensor has this name.'),
  NO_SUCH_MODULE: usage('No module of this name is deployed.'),
  NO_SUCH_PATH: user('The service has no such route.', 404),
  NO_SUCH_REGION: usage('There is no such region.'),
  NO_SUCH_SERVICE: usage('No service of this name has a log here.'),
  NO_TERMINAL: usage('The command draws a full screen, and its output is not a terminal.'),
  NO_TLS: usage('An option is about TLS, but TLS is off.'),
  OPERATOR_TOKEN_NEEDED: usage('The sensor host needs a token for its control API.', undefined, 'TOKEN_MISSING'),
  OPTION_NOT_OFFERED: usage('The network in use does not offer an option.', undefined, 'NOT_OFFERED'),
  OVERLOADED: system('Too many readings wait for the queue, or too many large bodies or downloads are under way.', 503),
  PLACEHOLDER: usage('A variable still has its placeholder.'),
  PORT_IN_USE: user('Another program holds the port.'),
  PRIVILEGED_DENIED: system('Docker does not run privileged containers here.'),
  PROJECT_IN_USE: user('Another folder uses the Docker Compose project.'),
  PROXY_ERROR: system('The proxy answered with an error that has no known code.'),
  PROXY_GONE: system('The proxy does not answer.'),
  PROXY_IN_USE: user('Sensors send to the proxy that is to be stopped.'),
  PROXY_NOT_REACHABLE: usage("The proxy's URL means the node itself to sensors on other machines."),
  PULLER_ERROR: system('The puller answered with an error.'),
  PULLER_GONE: system('The puller does not answer.'),
  PULLER_NOT_READY: system("The puller's container does not answer."),
  PUSH_DENIED: user('A registry refuses a push.'),
  QUERY_TOO_LARGE: user('A statement needs more memory than the reader of the store may take.', 422),
  QUERY_TOO_LONG: user('A statement ran longer than the puller allows.', 422),
  QUEUE_CREATE_FAILED: system('The embedded queue server could not create the queue.'),
  QUEUE_CREDENTIALS: user('The AWS credentials are missing, wrong or expired.', 503),
  QUEUE_DENIED: user('AWS does not allow this use of the queue.', 503),
  QUEUE_ENDPOINT_INVALID: usage('The endpoint of the queue is not an http(s) URL.'),
  QUEUE_ENDPOINT_MISMATCH: usage('The URL of the queue and the endpoint contradict each other.'),
  QUEUE_ERROR: system('The queue refuses a request for another reason.', 503),
  QUEUE_INVALID: usage('The queue is neither an http(s) URL nor a name.'),
  QUEUE_NOT_FOUND: user('There is no such queue.', 503),
  QUEUE_NOT_GIVEN: usage('The name or URL of the queue is blank.'),
  QUEUE_NOT_REACHABLE: usage("Containers can't reach the queue at an address of this machine's loopback."),
  QUEUE_NO_DEAD_LETTER: user('The queue has no dead-letter queue.'),
  QUEUE_OPEN_NEEDED: usage('The queue server checks no credentials; listening beyond loopback needs `--open`.'),
  QUEUE_PURGED_RECENTLY: user('The queue was emptied less than 60 seconds ago.'),
  QUEUE_REGION_UNKNOWN: user('The AWS region of the queue is not known.', 503, 'QUEUE_ERROR'),
  QUEUE_SLOW: system('The queue does not keep up with the readings.', 503),
  QUEUE_STORE_FULL: system(
    "The disk of the queue server's store is full. It still delivers and deletes messages.",
    503,
  ),
  QUEUE_STORE_LOCKED: system('Another queue server uses the store.'),
  QUEUE_STORE_LOST: system("The file of the queue server's store was deleted or damaged, and is written back.", 503),
  QUEUE_STORE_UNUSABLE: system("The embedded queue server can't open its store."),
  QUEUE_THROTTLED: system('The queue asks for fewer requests.', 503),
  QUEUE_UNREACHABLE: system('The queue does not answer.', 503),
  READINGS_KEPT: system('Sensors that are to be replaced keep readings, and do not deliver them.'),
  READ_FAILED: system('Reading the store failed, or ended early.'),
  REGISTRY_NOT_TLS: user('A registry speaks plain HTTP, which Docker accepts on loopback only.'),
  REGISTRY_UNREACHABLE: system('A registry does not answer.'),
  RELAY_FULL: system('A relay keeps as many readings as it may, or its disk is full; sensors keep the next ones.', 503),
  REPLACED: user('Another change of the configuration replaced this one.'),
  REVOKE_INCOMPLETE: system('Not every proxy accepted a change of the revoked hosts.'),
  ROLLOUT_STOPPED: system('A roll-out stopped at a region that did not converge.'),
  SAME_PORT: usage('Two services are given the same port.'),
  SENSOR_REVOKED: user('The host of a reading may not send any more.', 403),
  SENSOR_TOKEN_NEEDED: usage('Listening beyond loopback needs a token for sensors, or `--open`.'),
  SERVICE_FAILED: system('A service job does not run.'),
  SERVICE_TIMEOUT: system('A service job does not answer in time.'),
  SOURCES_MISSING: user('There are no sources of a module to build.'),
  STATE_DAMAGED: system('`run.json` is damaged, so what runs is not known.'),
  STATE_LOST: user('The proxy has lost the configuration that sensors still have.', 409),
  STATE_UNREADABLE: system("The proxy's file of the desired configuration is damaged."),
  STATE_UNWRITABLE: system('The state folder can not be read or written.', 503),
  STILL_SENDING: system('Jobs were stopped, but their sensors still report.'),
  STILL_STARTING: user('The network is still starting.'),
  STOPPED_SENDING: system('Sensors stopped reporting after a change.'),
  STOPPING: system('The service stops; try another one, or try again.', 503),
  STORE_DENIED: user('The database of the store refuses the user or the password, or the user lacks a right.'),
  STORE_FAILED: system('The database of the store refuses a statement of the puller.'),
  STORE_NOT_FOUND: user('The server of the store has no such database.'),
  STORE_TAKEN: user('Another puller has opened the store since.'),
  STORE_TOO_OLD: user('The server of the store is of a version that is too old.'),
  STORE_UNREACHABLE: system('The server of the store does not answer, or takes no writes now.'),
  STORE_UNUSABLE: system("The puller can't use its store of readings."),
  SUBMISSION_AHEAD: user('A reading names a deployment minutes ahead of the clock of the proxy.', 503),
  SUBNET_IN_USE: user("Another network uses the addresses of the network's backbone."),
  TERMINAL_NEEDED: usage('The command asks questions, and there is no terminal where somebody could answer.'),
  TLS_INCOMPLETE: usage('A certificate is given without its key, or the other way round.'),
  TLS_UNREADABLE: usage('The file of a certificate or key can not be read.'),
  TLS_UNUSABLE: usage('A file holds no certificate, or the key does not belong to the certificate.'),
  TOKEN_DAMAGED: user('The file of a token has bytes that no HTTP header can carry.'),
  TOKEN_MISSING: user('The request carries no token.', 401),
  TOKEN_NOT_FORWARDED: user('The nodes of the cluster do not forward the token to jobs.'),
  TOKEN_WRITABLE: usage('Other users of the machine can write the file of a token.'),
  TOKEN_WRONG: user('The token of the request is not the right one.', 403),
  TOO_DEEP: user('JSON is nested too deep, or has too many objects and arrays.', 422),
  TOO_FAST: user('The sender sends too many readings a second.', 429),
  TOO_LARGE: user('A reading, or the body of a request, is too large.', 413),
  TOO_MANY: user('The array in the body of a request holds too many readings.', 413),
  TOO_MANY_HOSTS: user('A reading names a new host, and the proxy has reached its limit of hosts.', 422),
  TOO_MANY_READERS: system('Too many queries and exports read the store at the same time.', 429),
  TOO_MANY_REGIONS: user('A reading names a new region, and its host or the proxy has as many as it may.', 422),
  TOO_MANY_SENSORS: user('A reading is of a new sensor, and its host or the proxy has as many as it may.', 422),
  TOO_MANY_STREAMS: system('Too many clients listen to events, or read past events, at the same time.', 429),
  TOO_MANY_TRIES: user('Too many wrong tokens come from an address.', 429),
  UNKNOWN_HOST: user('The Host header of a request does not name this service.', 403),
  UNKNOWN_SETTING: usage('`wasm-sensors.yaml` has a key that is not a setting.'),
  UNREADABLE_FILE: usage('A file that an option or setting names can not be read.'),
  UPDATER_FAILED: system('The config-updater job failed.'),
  UPDATER_TIMEOUT: system('The config-updater job changed nothing in time.'),
  UP_FAILED: system('A detached `up` did not come up, or did not stop in order.'),
  UP_GONE: system('The running `up` does not answer.'),
  UP_REFUSED: usage('A detached `up` refuses its options or settings.', undefined, 'UP_FAILED'),
  VIEWER_TOKEN_NEEDED: usage('Listening beyond loopback needs a token for those who read, or `--open`.'),
  WRONG_HOST: user('A reading names a host that its sender has no token for, or an execution of another host.', 403),
  WRONG_REGION: user('A reading names another region than that of its relay.', 403),
} satisfies Record<string, CodeInfo>;

export type ErrorCode = keyof typeof CODES;

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(CODES, code);

/** A code that a service answered with; `fallback` where it has none, or one that this version does not know. */
export const knownCode = (code: string | undefined, fallback: ErrorCode): ErrorCode =>
  code !== undefined && isErrorCode(code) ? code : fallback;

/** The row of a code. */
export const codeInfo = (code: ErrorCode): CodeInfo => CODES[code];

/** The HTTP status of an answer with this code. */
export function statusOf(code: ErrorCode): RefusalStatus {
  const { http, fault } = codeInfo(code);
  return http ?? (fault === 'user' ? 422 : 500);
}
