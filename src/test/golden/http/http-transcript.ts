/** Writes down what an HTTP app answers, request by request, as text that a reviewer can read and compare. */

/** What every app factory gives: a Hono app, asked without a socket. */
export interface App {
  request(path: string, init?: RequestInit): Response | Promise<Response>;
}

export interface Call {
  headers?: Record<string, string>;
  /** Text and bytes are sent as they are, anything else as JSON. */
  body?: unknown;
  /** Stands in the transcript for a body that is too long, or no text. */
  shown?: string;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; undefined where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
  json: any;
}

/** A JSON body up to this length is shown on its one line. */
const ONE_LINE = 110;

export class HttpTranscript {
  readonly #parts: string[];

  /** `app` may be a function where it changes in the course of a transcript. */
  readonly #app: App | (() => App);
  readonly #normalize: (text: string) => string;

  constructor(title: string, app: App | (() => App), normalize: (text: string) => string = (text) => text) {
    this.#app = app;
    this.#normalize = normalize;
    this.#parts = [`# ${title}`];
  }

  /** Sends a request and writes down both sides. */
  async call(title: string, method: string, path: string, call: Call = {}): Promise<Answer> {
    const { body } = call;
    const raw =
      body === undefined || typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream;
    const sent = raw ? body : JSON.stringify(body);
    // Node wants to be told that a body that is a stream is sent while the answer is awaited.
    const init = { method, headers: call.headers ?? {}, ...(sent === undefined ? {} : { body: sent, duplex: 'half' }) };
    const app = typeof this.#app === 'function' ? this.#app() : this.#app;
    const response = await app.request(path, init as RequestInit);
    const text = await response.text();
    const asked = [`> ${method} ${path}`, ...headerLines('>', Object.entries(call.headers ?? {}))];
    const shown = call.shown ?? (typeof sent === 'string' ? readable(sent) : '');
    this.#parts.push(
      `### ${title}`,
      asked.join('\n'),
      ...(shown === '' ? [] : [shown]),
      [`< ${response.status}`, ...headerLines('<', [...response.headers])].join('\n'),
      ...(text === '' ? [] : [readable(text)]),
    );
    return { status: response.status, headers: response.headers, text, json: jsonOf(text) };
  }

  /** Sends a GET whose answer goes on; writes down the request and the head of the answer. */
  async open(title: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
    const app = typeof this.#app === 'function' ? this.#app() : this.#app;
    const response = await app.request(path, { headers });
    this.#parts.push(
      `### ${title}`,
      [`> GET ${path}`, ...headerLines('>', Object.entries(headers))].join('\n'),
      [`< ${response.status}`, ...headerLines('<', [...response.headers])].join('\n'),
    );
    return response;
  }

  /** Writes down a piece of an answer that goes on. */
  piece(text: string): void {
    this.#parts.push(text);
  }

  /** Writes down something that is no answer: what reached the other side, or that time passed. */
  note(text: string): void {
    this.#parts.push(text.replace(/^/gm, '# '));
  }

  /** Writes down a value next to the requests, as JSON. */
  value(title: string, value: unknown): void {
    this.#parts.push(`# ${title}`, readable(JSON.stringify(value) ?? 'undefined'));
  }

  get text(): string {
    return `${this.#normalize(this.#parts.join('\n\n'))}\n`;
  }
}

function headerLines(mark: string, headers: [string, string][]): string[] {
  return headers.map(([name, value]) => `${mark} ${name}: ${value}`);
}

/**
 * A long JSON text without spaces is shown over several lines, members in their order; any other text as it is.
 * Long repetitions are counted.
 */
export function readable(raw: string): string {
  const text = hideEngineWords(raw);
  const json = text.length > ONE_LINE ? jsonOf(text) : undefined;
  // A text that is spaced differently is not what JSON.stringify gives, and must show that.
  const pretty = json !== undefined && JSON.stringify(json) === text ? JSON.stringify(json, null, 2) : text;
  return escapeControls(shortened(pretty));
}

/** As text, so that a reviewer sees what editors hide. Line breaks stay. */
function escapeControls(text: string): string {
  return [...text]
    .map((char) => {
      const code = char.codePointAt(0)!;
      const hidden =
        (code < 0x20 && char !== '\n') || (code >= 0x7f && code < 0xa0) || /[\u2028-\u202e\ufeff]/.test(char);
      return hidden ? `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>` : char;
    })
    .join('');
}

/** `xxxx…` of a hundred or more of the same is `<x, n times>`. */
const shortened = (text: string) =>
  text.replace(/(.)\1{99,}/gu, (run: string, char: string) => `<${char}, ${[...run].length} times>`);

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
function jsonOf(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The words of the JavaScript engine about a text that is no JSON, which other versions of Node say differently. */
function hideEngineWords(text: string): string {
  return text
    .replace(/(body is not JSON: )(?:[^"\\]|\\.)*(")/g, '$1<why>$2')
    .replace(/(":")Unexpected (?:token|end of JSON)(?:[^"\\]|\\.)*(")/g, '$1<why it is no JSON>$2');
}

/** Every id that is made at random gets a number, in the order in which they first appear. */
export function numberIds(text: string): string {
  const ids: string[] = [];
  return text.replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) => {
    if (!ids.includes(id)) ids.push(id);
    return `<uuid ${ids.indexOf(id) + 1}>`;
  });
}
