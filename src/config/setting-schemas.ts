/**
 * Schemas of settings: each takes real values (from YAML) and text (from flags and variables), and has a message that
 * states what is needed.
 */
import { z } from 'zod';
import { FIT_FOR_HEADER } from '../lib/net/bearer-token.js';
import { parseSensorKeys } from '../protocol/sensor-token.js';

/** A number, also as text. JavaScript would turn blank text, null and true into 0, 0 and 1; here they are refused. */
const numeric = <T extends z.ZodNumber>(schema: T) =>
  z.preprocess((value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value), schema);

const PORT_RANGE = { error: 'must be a port number from 0 to 65535' };
export const port = numeric(
  z
    .number({ error: 'must be a port number' })
    .int({ error: 'must be a whole number' })
    .min(0, PORT_RANGE)
    .max(65_535, PORT_RANGE),
);

export const count = (min: number, max: number) =>
  numeric(
    z
      .number({ error: 'must be a number' })
      .int({ error: 'must be a whole number' })
      .min(min, { error: `must be at least ${min}` })
      .max(max, { error: `must be at most ${max}` }),
  );

/** `of`: the unit, such as `seconds`. */
export const atLeast = (min: number, of?: string) =>
  numeric(
    z
      .number({ error: of === undefined ? 'must be a number' : `must be a number of ${of}` })
      .min(min, { error: `must be at least ${min}` }),
  );

export const text = z.string().min(1, { error: 'must not be empty' });
export const bearer = text.regex(FIT_FOR_HEADER, { error: 'must be plain ASCII on one line' });

export const sensorKeys = bearer.refine((value) => parseSensorKeys(value) !== undefined, {
  error: 'must be a key of at least 16 characters without commas, then older ones as KEY@TIME',
});

export const flag = z.union(
  [z.boolean(), z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1')],
  { error: 'must be true or false' },
);

/** An http(s) URL; slashes at its end are removed. */
export const url = z
  .string()
  .refine((value) => /^https?:$/.test(URL.canParse(value) ? new URL(value).protocol : ''), {
    error: 'must be a URL that begins with http:// or https://',
  })
  .transform((value) => value.replace(/\/+$/, ''));

/** Where readings are kept. */
export const store = z.string().refine((value) => /^(sqlite|postgres|postgres(ql)?:\/\/.*)$/.test(value), {
  error: 'must be sqlite, postgres (a server in a compose network), or a URL that begins with postgres://',
});

/** A list, also as text with commas. */
const separated = z.union([z.array(z.string()), z.string().transform((value) => value.split(','))]);

export const urls = separated.pipe(z.array(url));
export const names = separated.pipe(z.array(z.string().trim().min(1, { error: 'must be a list of names' })));
export const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, { error: `must be one of: ${values.join(', ')}` });
export const listOf = <const T extends string>(values: readonly T[]) =>
  separated.pipe(z.array(z.enum(values, { error: `must be a list of: ${values.join(', ')}` })));

/** The kinds that `--network` takes: the rows of `network/registry.ts`, which enters them here. */
export const networkKinds = new Map<string, { summary: string }>();
export const kindsText = (): string =>
  ALTERNATIVES.format([...networkKinds].map(([kind, { summary }]) => `${kind} (${summary})`));
const ALTERNATIVES = new Intl.ListFormat('en-GB', { type: 'disjunction' });
const notAKind = () => `must be ${ALTERNATIVES.format(networkKinds.keys())}`;
export const networkKind = z.string({ error: notAKind }).refine((kind) => networkKinds.has(kind), { error: notAKind });
