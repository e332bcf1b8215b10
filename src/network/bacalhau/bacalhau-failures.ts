/** Turns the output of a `bacalhau` that failed into an error with a hint. */
import { stripVTControlCharacters } from 'node:util';
import { AppError } from '../../lib/errors/app-error.js';
import { type KnownFailure, knownError, lastLinesOf } from '../../lib/errors/known-failures.js';

/** Texts of 1.8.0 to 1.9.3, most specific first. */
const KNOWN: KnownFailure[] = [
  {
    when: /Client sent an HTTP request to an HTTPS server/,
    code: 'BACALHAU_API_TLS',
    message: "Bacalhau's API takes only TLS",
    hint: 'Give --api-tls, and --api-ca where its certificate is signed by an authority of your own.',
  },
  {
    // The answer it got instead, often a web page, explains nothing.
    when: /Unable to parse API call response body|invalid character '.+' looking for beginning of value/,
    code: 'BACALHAU_API_OTHER',
    message: 'what answers there is not a Bacalhau API',
    hint: 'Check --api-host and --api-port: the API of an orchestrator has port 1234 where nothing else was set.',
  },
  {
    when: /Unsupported repository version/,
    code: 'BACALHAU_REPOSITORY_VERSION',
    message: 'this bacalhau is older than the one that wrote its folder',
    hint: 'Remove the folder .wasm-sensors/bacalhau, or use the newer bacalhau again.',
  },
  {
    when: /(not (?:reachable|accessible) at \S+|dial tcp\b[^\n]*|connection refused|host not found|no such host|request timed out|request cancell?ed|context deadline exceeded|no answer within [^\n]*)/,
    code: 'BACALHAU_API_UNREACHABLE',
    message: "Bacalhau's API does not answer: $1",
    hint: 'Start a network with `wasm-sensors up`, or check --api-host, --api-port and the TLS flags.',
  },
  {
    when: /(server gave HTTP response to HTTPS client|tls: [^\n]*|x509: [^\n]*|CA certificate file [^\n]*)/,
    code: 'BACALHAU_API_TLS',
    message: "can't speak TLS with Bacalhau's API: $1",
    hint: 'Check --api-tls (whether the API uses TLS at all) and --api-ca (who signed its certificate).',
  },
  {
    when: /[Uu]nauthorized|Please login using|no common authentication method|[Ff]orbidden|not authorized|(?:code|status)\D{0,12}40[13]\b/,
    code: 'BACALHAU_API_DENIED',
    message: "Bacalhau's API refuses these credentials",
    hint: 'Give `up` --api-token-file (or BACALHAU_API_KEY), or --api-username with --api-password-file; other terminals use what it was given.',
  },
  {
    when: /no changes detected/,
    code: 'JOB_UNCHANGED',
    message: 'the network has exactly this job already',
    hint: 'Change something, or stop the job first.',
  },
  {
    when: /(not enough nodes to run job[^\n]*|no matching nodes[^\n]*)/i,
    code: 'NO_MATCHING_NODES',
    message: '$1',
    hint: 'See the nodes and their labels with `wasm-sensors status`.',
  },
  {
    when: /does not resolve environment variable (\w+)|[Ee]nvironment variable '?(\w+)'?[^\n]*(?:not in allowed|not found|not set)/,
    code: 'ENV_NOT_FORWARDED',
    message: 'the nodes may not forward the variable $1 to jobs',
    hint: 'Allow it on the nodes: Compute.Env.AllowList, an anchored regular expression such as ^HOSTNAME$.',
  },
];

/** The code of the known failure that a text describes, such as an execution's message. */
export function failureCodeOf(text: string): string | undefined {
  return KNOWN.find((known) => known.when.test(text))?.code;
}

/**
 * The error for a failed call.
 *
 * @param output everything that it printed
 * @param api base URL of the API, where it is known
 */
export function failureOf(args: string[], output: string, api: string | undefined, cause: unknown): AppError {
  const text = stripVTControlCharacters(output);
  const where = (code: string) => (code.startsWith('BACALHAU_API') && api ? [`the API is expected at ${api}`] : []);
  const known = knownError(KNOWN, text, { cause, details: where });
  if (known) return known;
  const lines = lastLinesOf(text, Number.POSITIVE_INFINITY);
  const errorLine = lines.find((line) => line.startsWith('Error:')) ?? lines.at(-1);
  const reason = errorLine?.replace(/^Error:/, '').trim() ?? 'failed without output';
  // The words before the first option: `job run`, `version`.
  const options = args.findIndex((arg) => arg.startsWith('-'));
  const call = args.slice(0, options < 0 ? 2 : Math.min(options, 2)).join(' ');
  return new AppError('BACALHAU_FAILED', `bacalhau ${call}: ${reason}`, {
    cause,
    details: lines.filter((line) => line !== errorLine).slice(-10),
  });
}
