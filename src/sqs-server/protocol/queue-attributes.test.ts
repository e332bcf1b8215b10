import { expect, test } from 'vitest';
import { parseRedriveAllowPolicy, parseRedrivePolicy, withDefaults } from './queue-attributes.js';

const arns = (count: number) => Array.from({ length: count }, (_, i) => `arn:aws:sqs:us-east-1:000000000000:q${i}`);

test.each([
  [0, false],
  [1, true],
  [1000, true],
  [1001, false],
  [1.5, false],
  ['3', true],
  ['x', false],
])('a message may be received %j times before it is a dead letter: %s', (maxReceiveCount, is) => {
  const policy = parseRedrivePolicy(JSON.stringify({ deadLetterTargetArn: 'arn', maxReceiveCount }));
  expect(policy).toEqual(is ? { deadLetterTargetArn: 'arn', maxReceiveCount: Number(maxReceiveCount) } : undefined);
});

test.each(['', '{', '[]', 'null', '{"maxReceiveCount":3}', '{"deadLetterTargetArn":7,"maxReceiveCount":3}'])(
  '%j is no redrive policy',
  (text) => {
    expect(parseRedrivePolicy(text)).toBeUndefined();
  },
);

test.each([
  [{ redrivePermission: 'allowAll' }, true],
  [{ redrivePermission: 'denyAll' }, true],
  [{ redrivePermission: 'denyAll', sourceQueueArns: arns(1) }, false],
  [{ redrivePermission: 'byQueue', sourceQueueArns: arns(1) }, true],
  [{ redrivePermission: 'byQueue', sourceQueueArns: arns(10) }, true],
  [{ redrivePermission: 'byQueue', sourceQueueArns: arns(11) }, false],
  [{ redrivePermission: 'byQueue', sourceQueueArns: [] }, false],
  [{ redrivePermission: 'byQueue' }, false],
  [{ redrivePermission: 'sometimes' }, false],
  [{}, false],
])('%j says who may send dead letters: %s', (policy, is) => {
  expect(parseRedriveAllowPolicy(JSON.stringify(policy))).toEqual(is ? policy : undefined);
});

test('what was never set, or set to nothing, has its default or is left out', () => {
  const standard = {
    ...{ VisibilityTimeout: '30', MessageRetentionPeriod: '345600', MaximumMessageSize: '1048576' },
    ...{ DelaySeconds: '0', ReceiveMessageWaitTimeSeconds: '0' },
  };
  expect(withDefaults({})).toEqual(standard);
  expect(withDefaults({ RedrivePolicy: '', Policy: '{}', DelaySeconds: '5' })).toEqual({
    ...{ ...standard, DelaySeconds: '5', Policy: '{}' },
  });
});
