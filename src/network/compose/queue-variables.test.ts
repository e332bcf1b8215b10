import { expect, test } from 'vitest';
import { queueVariables } from './queue-variables.js';

const AMAZON = 'https://sqs.eu-west-1.amazonaws.com/123456789012/readings';
const KEYS = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'sekret' };
const environment = (variables: Record<string, string>) => ({ get: (name: string) => variables[name] });

test('the embedded queue: no credentials of the operator enter containers', () => {
  const variables = queueVariables({}, environment({ ...KEYS, AWS_SESSION_TOKEN: 'token' }));
  expect(JSON.stringify(variables)).not.toMatch(/AKIA|sekret|"token"/);
  expect(variables).toMatchObject({ SQS_QUEUE_URL: '', AWS_ENDPOINT_URL_SQS: '' });
});

test('an Amazon queue: its URL, region and credentials', () => {
  expect(queueVariables({ queue: AMAZON, awsRegion: 'eu-west-1' }, environment(KEYS))).toEqual({
    ...KEYS,
    AWS_SESSION_TOKEN: '',
    AWS_REGION: 'eu-west-1',
    AWS_ENDPOINT_URL_SQS: '',
    SQS_QUEUE_URL: AMAZON,
  });
  expect(() => queueVariables({ queue: AMAZON }, environment({ AWS_ACCESS_KEY_ID: 'AKIA' }))).toThrow(
    expect.objectContaining({ code: 'CREDENTIALS_MISSING' }),
  );
});

test('a queue of another service: by its endpoint, with or without credentials', () => {
  const queueEndpoint = 'http://host.docker.internal:4566';
  expect(queueVariables({ queue: 'readings', queueEndpoint }, environment({}))).toMatchObject({
    SQS_QUEUE_URL: 'readings',
    AWS_ENDPOINT_URL_SQS: queueEndpoint,
  });
});

test.each([{ queue: 'http://localhost:9324/000000000000/q' }, { queue: 'q', queueEndpoint: 'http://127.0.0.1:9324' }])(
  '%j is refused: to a container it is itself',
  (settings) => {
    expect(() => queueVariables(settings, environment(KEYS))).toThrow(
      expect.objectContaining({ code: 'QUEUE_NOT_REACHABLE' }),
    );
  },
);
