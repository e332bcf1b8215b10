import { expect, test } from 'vitest';
import type { Submission } from '../../network/network.js';
import { TakenJobs } from './taken-jobs.js';

const submission = (jobName: string, replaced?: Submission['replaced']): Submission => ({
  ...{ jobId: `j-${jobName}`, jobName, unchanged: false, facts: [] },
  ...(replaced ? { replaced } : {}),
});

test('what was replaced is given back, also by a submission that is still under way; a failure stops no other', async () => {
  const restored: string[] = [];
  const taken = new TakenJobs({
    restore: async ({ jobName }) => {
      if (jobName === 'b') throw new Error('gone');
      restored.push(jobName);
    },
  });
  const old = [{ jobId: 'j', version: 3 }];
  let finish = (_: Submission) => {};
  taken.add(Promise.resolve(submission('new')));
  taken.add(Promise.resolve(submission('b', old)));
  taken.add(Promise.reject(new Error('not submitted')));
  taken.add(
    new Promise((resolve) => {
      finish = resolve;
    }),
  );
  const given = taken.giveBack();
  finish(submission('late', old));
  expect(await given).toEqual({ restored: ['late'], failed: [{ job: 'b', reason: 'gone' }] });
  expect(restored).toEqual(['late']);
});

test('after the deployment is done, nothing is given back', async () => {
  const taken = new TakenJobs({ restore: async () => expect.unreachable() });
  taken.add(Promise.resolve(submission('a', [{ jobId: 'j', version: 1 }])));
  taken.keep();
  expect(await taken.giveBack()).toEqual({ restored: [], failed: [] });
});
