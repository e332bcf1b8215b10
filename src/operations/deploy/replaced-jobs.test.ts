import { expect, test } from 'vitest';
import type { Submission } from '../../network/network.js';
import { ReplacedJobs } from './replaced-jobs.js';

const submission = (jobName: string, replaced?: Submission['replaced']): Submission => ({
  ...{ jobId: `j-${jobName}`, jobName, unchanged: false, facts: [] },
  ...(replaced ? { replaced } : {}),
});

test('what was replaced is restored, also by a submission that is still under way; a failure stops no other', async () => {
  const restored: string[] = [];
  const replaced = new ReplacedJobs({
    restore: async ({ jobName }) => {
      if (jobName === 'b') throw new Error('gone');
      restored.push(jobName);
    },
  });
  const old = [{ jobId: 'j', version: 3 }];
  let finish = (_: Submission) => {};
  replaced.add(Promise.resolve(submission('new')));
  replaced.add(Promise.resolve(submission('b', old)));
  replaced.add(Promise.reject(new Error('not submitted')));
  replaced.add(
    new Promise((resolve) => {
      finish = resolve;
    }),
  );
  const given = replaced.restore();
  finish(submission('late', old));
  expect(await given).toEqual({ restored: ['late'], failed: [{ job: 'b', reason: 'gone' }] });
  expect(restored).toEqual(['late']);
});

test('after the deployment is done, nothing is restored', async () => {
  const replaced = new ReplacedJobs({ restore: async () => expect.unreachable() });
  replaced.add(Promise.resolve(submission('a', [{ jobId: 'j', version: 1 }])));
  replaced.keep();
  expect(await replaced.restore()).toEqual({ restored: [], failed: [] });
});
