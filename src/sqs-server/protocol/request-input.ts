/** Reads the members of a request with the checks that the API documents. */
import { invalidValue, missing, SqsError } from './sqs-error-answer.js';

/** The parsed JSON of a request. */
export type Input = Record<string, unknown>;

export function requiredString(input: Input, name: string): string {
  const value = optionalString(input, name);
  if (value === undefined) throw missing(name);
  return value;
}

export function optionalString(input: Input, name: string): string | undefined {
  const value = input[name] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw serialization(name, 'a string');
}

const TOKEN = /^[\x21-\x7e]{1,128}$/;

export function optionalToken(input: Input, name: string): string | undefined {
  const value = optionalString(input, name);
  if (value === undefined || TOKEN.test(value)) return value;
  throw invalidValue(
    name,
    value,
    `${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

export function optionalInteger(
  input: Input,
  name: string,
  min: number,
  max: number,
  reason = `Must be between ${min} and ${max}, if provided.`,
): number | undefined {
  const value = input[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw serialization(name, 'an integer');
  if (value < min || value > max) throw invalidValue(name, value, reason);
  return value;
}

export function optionalList(input: Input, name: string): unknown[] | undefined {
  const value = input[name] ?? undefined;
  if (value === undefined || Array.isArray(value)) return value;
  throw serialization(name, 'a list');
}

export function optionalStrings(input: Input, name: string): string[] {
  const list = optionalList(input, name) ?? [];
  if (list.every((item) => typeof item === 'string')) return list;
  throw serialization(name, 'a list of strings');
}

export function optionalMap(input: Input, name: string): Input | undefined {
  const value = input[name] ?? undefined;
  if (value === undefined) return undefined;
  if (isObject(value)) return value;
  throw serialization(name, 'a map');
}

export function optionalStringMap(input: Input, name: string): Record<string, string> {
  const map = optionalMap(input, name) ?? {};
  for (const value of Object.values(map)) if (typeof value !== 'string') throw serialization(name, 'a map of strings');
  return map as Record<string, string>;
}

export function isObject(value: unknown): value is Input {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function serialization(name: string, expected: string): SqsError {
  return new SqsError('SerializationException', `${name} must be ${expected}.`);
}
