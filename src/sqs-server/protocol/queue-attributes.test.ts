import { expect, test } from 'vitest';
import { checkQueueAttributes, parseRedriveAllowPolicy, parseRedrivePolicy, withDefaults } from './queue-attributes.js';

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
    ...{ DelaySeconds: '0', ReceiveMessageWaitTimeSeconds: '0', SqsManagedSseEnabled: 'true' },
  };
  expect(withDefaults({})).toEqual(standard);
  expect(withDefaults({ RedrivePolicy: '', Policy: '{}', DelaySeconds: '5' })).toEqual({
    ...{ ...standard, DelaySeconds: '5', Policy: '{}' },
  });
});

test('booleans and counts may be written in several ways, and are given out in one, also those of older stores', () => {
  expect(checkQueueAttributes({ SqsManagedSseEnabled: 'False' })).toEqual({ SqsManagedSseEnabled: 'false' });
  expect(() => checkQueueAttributes({ SqsManagedSseEnabled: 'no' })).toThrow('SqsManagedSseEnabled');
  const policy = (maxReceiveCount: number | string) => JSON.stringify({ deadLetterTargetArn: 'arn', maxReceiveCount });
  expect(checkQueueAttributes({ RedrivePolicy: policy('3') })).toEqual({ RedrivePolicy: policy(3) });
  expect(withDefaults({ RedrivePolicy: policy('3') }).RedrivePolicy).toBe(policy(3));
});

test('what is a number already keeps its spelling', () => {
  const RedrivePolicy = '{"maxReceiveCount": 3, "deadLetterTargetArn": "arn"}';
  expect(checkQueueAttributes({ RedrivePolicy })).toEqual({ RedrivePolicy });
});

test.each([
  ['[]', 'not a valid JSON map'],
  ['{"maxReceiveCount":3}', 'mandatory attribute: deadLetterTargetArn'],
  ['{"deadLetterTargetArn":"arn"}', 'mandatory attribute: maxReceiveCount'],
  ['{"deadLetterTargetArn":"arn","maxReceiveCount":0}', 'maxReceiveCount: 0, valid values are from 1 to 1000'],
])('the redrive policy %s is refused with its reason', (RedrivePolicy, reason) => {
  expect(() => checkQueueAttributes({ RedrivePolicy })).toThrow(reason);
});

test('a queue has one kind of encryption, and the settings of the other are hidden', () => {
  const set = (...changes: Record<string, string>[]) => {
    const { SqsManagedSseEnabled, KmsMasterKeyId, KmsDataKeyReusePeriodSeconds } = withDefaults(
      Object.assign({}, ...changes.map(checkQueueAttributes)),
    );
    return [SqsManagedSseEnabled, KmsMasterKeyId, KmsDataKeyReusePeriodSeconds];
  };
  const kms = { KmsMasterKeyId: 'key', KmsDataKeyReusePeriodSeconds: '6000' };
  expect(set({})).toEqual(['true', undefined, undefined]);
  expect(set(kms)).toEqual(['false', 'key', '6000']);
  expect(set(kms, { KmsMasterKeyId: '', KmsDataKeyReusePeriodSeconds: '300' })).toEqual([
    'false',
    undefined,
    undefined,
  ]);
  expect(set(kms, { SqsManagedSseEnabled: 'true' })).toEqual(['true', undefined, undefined]);
  expect(() => set({ KmsMasterKeyId: 'key', SqsManagedSseEnabled: 'true' })).toThrow(
    'one type of server-side encryption',
  );
  // Earlier versions stored no choice beside the key.
  expect(withDefaults({ KmsMasterKeyId: 'key' })).toMatchObject({ SqsManagedSseEnabled: 'false' });
});
