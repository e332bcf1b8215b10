/** Reads the members of a request with the checks that the API documents. */
import { invalidValue, missing, SqsError } from './sqs-error.js';

export type Input = Record<string, unknown>;

export const isObject = (value: unknown): value is Input =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isString = (value: unknown) => typeof value === 'string';
const isInteger = (value: unknown): value is number => Number.isInteger(value);
const isList = (value: unknown): value is unknown[] => Array.isArray(value);
const isStrings = (value: unknown): value is string[] => isList(value) && value.every(isString);
const isStringMap = (value: unknown): value is Record<string, string> =>
  isObject(value) && Object.values(value).every(isString);

/** Reads a member, which may be missing or null. */
const optional =
  <T>(expected: string, is: (value: unknown) => value is T) =>
  (input: Input, name: string): T | undefined => {
    const value = input[name] ?? undefined;
    if (value === undefined || is(value)) return value;
    throw new SqsError('SerializationException', `${name} must be ${expected}.`);
  };

export const optionalString = optional('a string', isString);
export const optionalList = optional('a list', isList);
export const optionalStrings = optional('a list of strings', isStrings);
export const optionalMap = optional('a map', isObject);
export const optionalStringMap = optional('a map of strings', isStringMap);
const optionalNumber = optional('an integer', isInteger);

export function requiredString(input: Input, name: string): string {
  const value = optionalString(input, name);
  if (value === undefined) throw missing(name);
  return value;
}

const TOKEN = /^[\x21-\x7e]{1,128}$/;

export function optionalToken(input: Input, name: string): string | undefined {
  const value = optionalString(input, name);
  if (value === undefined || TOKEN.test(value)) return value;
  const reason = `${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`;
  throw invalidValue(name, value, reason);
}

export function optionalInteger(
  input: Input,
  name: string,
  min: number,
  max: number,
  reason = `Must be between ${min} and ${max}, if provided.`,
): number | undefined {
  const value = optionalNumber(input, name);
  if (value !== undefined && (value < min || value > max)) throw invalidValue(name, value, reason);
  return value;
}
