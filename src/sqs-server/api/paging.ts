/** Answers lists in pages. A token names the last item of the previous page. */
import { type Input, optionalInteger, optionalString } from '../protocol/request-input.js';
import { invalidValue } from '../protocol/sqs-error-answer.js';

/** The page of `items` (sorted) that the request asks for. Without `MaxResults`: the first thousand, and no token. */
export function page(input: Input, items: string[]): { items: string[]; NextToken?: string } {
  const max = optionalInteger(input, 'MaxResults', 1, 1000);
  const token = optionalString(input, 'NextToken');
  const last = token === undefined ? '' : Buffer.from(token, 'base64url').toString();
  if (token !== undefined && (max === undefined || last === '')) {
    throw invalidValue(
      'NextToken',
      token,
      'It must come from an earlier answer, and be given together with MaxResults.',
    );
  }
  const rest = items.filter((item) => item > last);
  const chosen = rest.slice(0, max ?? 1000);
  if (max === undefined || rest.length <= max) return { items: chosen };
  return { items: chosen, NextToken: Buffer.from(chosen.at(-1)!).toString('base64url') };
}
