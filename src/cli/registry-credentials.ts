/** Who logs in to a registry: from the environment or `.env`, else asked for, on a terminal only. */
import { join } from 'node:path';
import { parse } from 'dotenv';
import { usageError } from '../lib/errors/app-error.js';
import { readIfExists } from '../lib/fs/durable-files.js';

/** Rejects with `CREDENTIALS_MISSING` where something is missing and nobody can be asked. */
export async function readCredentials(given: string | undefined): Promise<{ username: string; password: string }> {
  const file = parse(readIfExists(join(process.cwd(), '.env')) ?? '');
  const value = (name: string) => process.env[name] || file[name] || undefined;
  const username = given ?? value('GITHUB_USERNAME');
  const password = value('GITHUB_PAT');
  if (username !== undefined && password !== undefined) return { username, password };
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    const missing = [...(username === undefined ? ['GITHUB_USERNAME'] : []), ...(password ? [] : ['GITHUB_PAT'])];
    throw usageError(
      'CREDENTIALS_MISSING',
      `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not set`,
      'Set them in the environment or in .env; the token needs the scope write:packages.',
    );
  }
  const { default: inquirer } = await import('inquirer');
  const asked = await inquirer.prompt<{ username?: string; password?: string }>([
    { type: 'input', name: 'username', message: 'GitHub user', when: username === undefined },
    {
      type: 'password',
      name: 'password',
      message: 'Token with the scope write:packages',
      mask: '*',
      when: password === undefined,
    },
  ]);
  return { username: username ?? asked.username ?? '', password: password ?? asked.password ?? '' };
}
