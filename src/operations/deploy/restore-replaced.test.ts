import { expect, test } from 'vitest';
import type { Submission } from '../../network/network.js';
import { restoreReplaced } from './restore-replaced.js';

const submission = (jobName: string, replaced?: Submission['replaced']): Submission => ({
  ...{ jobId: `j-${jobName}`, jobName, unchanged: false, facts: [] },
  ...(replaced ? { replaced } : {}),
});

test('what was replaced is restored, also by a submission that is still under way; a failure stops no other', async () => {
  const restored: string[] = [];
  const network = {
    restore: async ({ jobName }: Submission) => {
      if (jobName === 'b') throw new Error('gone');
      restored.push(jobName);
    },
  };
  const old = [{ jobId: 'j', version: 3 }];
  let finish = (_: Submission) => {};
  const late = new Promise<Submission>((resolve) => {
    finish = resolve;
  });
  const rejected = Promise.reject<Submission>(new Error('not submitted'));
  const restoring = restoreReplaced(network, [
    Promise.resolve(submission('new')),
    Promise.resolve(submission('b', old)),
    rejected,
    late,
  ]);
  finish(submission('late', old));
  expect(await restoring).toEqual({ restored: ['late'], failed: [{ job: 'b', reason: 'gone' }] });
  expect(restored).toEqual(['late']);
});
