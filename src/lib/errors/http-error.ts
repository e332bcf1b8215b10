/**
 * The one shape of an error answer, everywhere over HTTP: `{"error":{"code","message","reason",…}}`. `reason` is the
 * older name of `message` and always equal to it; new clients read `message`.
 */
import { z } from 'zod';

export interface HttpError {
  /** Stable, such as `TOKEN_WRONG`; see docs/errors.md. */
  code: string;
  message: string;
  /** What to do about it. */
  hint?: string;
}

/** The body of an error answer. */
export function httpErrorBody({ code, message, hint }: HttpError): { error: HttpError & { reason: string } } {
  return { error: { code, message, reason: message, ...(hint === undefined ? {} : { hint }) } };
}

/** Reads an error answer; services before 0.2 sent `reason` only. */
export const httpErrorSchema = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string().optional(),
      reason: z.string().optional(),
      hint: z.string().optional(),
    }),
  })
  .transform(({ error: { code, message, reason, hint } }): HttpError => {
    const text = message ?? reason ?? code;
    return { code, message: text, ...(hint === undefined || hint === '' ? {} : { hint }) };
  });
