import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openEnvironment } from './compose-env.js';
import { projectName } from './compose-project.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'environment-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const open = (text: string) => {
  writeFileSync(join(folder, '.env'), text);
  return openEnvironment(folder);
};

test.each(['https://sqs.eu-west-1.amazonaws.com/<account>/<queue>', '<key>', 'your-access-key', 'change_me'])(
  'a placeholder such as %s is refused, in the file and in the environment',
  (value) => {
    expect(() => open(`SQS_QUEUE_URL=${value}`)).toThrow(
      expect.objectContaining({ code: 'PLACEHOLDER', message: expect.stringContaining('SQS_QUEUE_URL') }),
    );
    vi.stubEnv('SQS_QUEUE_URL', value);
    expect(() => open('').get('SQS_QUEUE_URL')).toThrow(
      expect.objectContaining({ code: 'PLACEHOLDER', message: expect.stringContaining('the environment') }),
    );
  },
);

test('values that only look odd are taken', () => {
  const { get } = open("AWS_SECRET_ACCESS_KEY='a<b/c+d>'x\nSQS_QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/1/q");
  expect(get('SQS_QUEUE_URL')).toBe('https://sqs.eu-west-1.amazonaws.com/1/q');
});

test('the name of a project is what compose takes', () => {
  expect([projectName(undefined), projectName('my-net_2')]).toEqual(['bacalhau-edge', 'my-net_2']);
  for (const name of ['Foo Bar', '-x', 'ä'])
    expect(() => projectName(name)).toThrow(expect.objectContaining({ code: 'BAD_SETTING' }));
});
