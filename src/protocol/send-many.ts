/** Requests of many sensors in one, and the answers to them (docs/protocol.md, "`POST /send/many`"). */

/** The header of an answer to `POST /send` that says how many requests the proxy takes at once. */
export const SEND_MANY_HEADER = 'x-send-many';
export const MAX_SENDS = 1_000;

/** What a sensor sends with `POST /send`. */
export interface SendLine {
  authorization?: string | undefined;
  /** What it reports about itself. */
  config?: string | undefined;
  body: string;
}

export interface AnswerLine {
  status: number;
  /** Seconds. */
  retryAfter?: number | undefined;
  /** JSON. */
  body: string;
}

/** Header values that are written as they are. */
const PLAIN = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/;

/** What stands before a body, which `}` and a line break follow; undefined: the request has to go by itself. */
export function sendLineHead({ authorization = '', config = '' }: Omit<SendLine, 'body'>): string | undefined {
  if (!PLAIN.test(authorization) || !PLAIN.test(config)) return undefined;
  const token = authorization === '' ? '' : `"authorization":"${authorization}",`;
  return `{${token}${config === '' ? '' : `"config":"${config}",`}"body":`;
}

const SEND = /^\{(?:"authorization":"([^"\\]*)",)?(?:"config":"([^"\\]*)",)?"body":(.*)\}$/s;

/** Undefined for another line. The body may be no JSON. */
export function parseSendLine(line: string): SendLine | undefined {
  const [, authorization, config, body] = SEND.exec(line) ?? [];
  return body === undefined ? undefined : { authorization, config, body };
}

export const answerLine = ({ status, retryAfter, body }: AnswerLine): string =>
  `{"status":${status},${retryAfter === undefined ? '' : `"retryAfter":${retryAfter},`}"body":${body}}\n`;

const ANSWER = /^\{"status":(\d{3}),(?:"retryAfter":(\d{1,9}),)?"body":(.*)\}$/s;

export function parseAnswerLine(line: string): AnswerLine | undefined {
  const [, status, retryAfter, body] = ANSWER.exec(line) ?? [];
  if (body === undefined) return undefined;
  return { status: Number(status), retryAfter: retryAfter === undefined ? undefined : Number(retryAfter), body };
}
