import { expect, test, vi } from 'vitest';
import { AppError } from '../../lib/errors/app-error.js';
import type { JobInfo, Network, Submission } from '../../network/network.js';
import { restoreReplaced, stopAllRegionsJob, submitToRegions } from './submit-in-order.js';

const submission = (region: string, unchanged = false) => ({
  ...{ jobId: 'j', jobName: `publisher-${region}`, unchanged, facts: [] },
});

test('every region is submitted, also when another one fails, and the failure names what was submitted', async () => {
  const submit = async (region: string) => {
    if (region === 'eu') throw new AppError('NAME_TAKEN', 'it is taken', { hint: 'choose', details: ['why'] });
    if (region === 'af') throw new Error('no answer');
    return submission(region, region === 'us');
  };
  await expect(submitToRegions(['us', 'eu', 'af', 'as'], submit)).rejects.toMatchObject({
    ...{ code: 'NAME_TAKEN', message: 'eu: it is taken', hint: 'choose' },
    details: [
      'why',
      'af: no answer',
      'us: publisher-us keeps running unchanged',
      'as: publisher-as was submitted and keeps running',
    ],
  });
});

test('the failure of the only region, and a bug, are passed on as they are', async () => {
  const taken = new AppError('NAME_TAKEN', 'it is taken');
  await expect(submitToRegions(['eu'], () => Promise.reject(taken))).rejects.toBe(taken);
  const bug = new TypeError('x is undefined');
  await expect(submitToRegions(['eu', 'us'], () => Promise.reject(bug))).rejects.toBe(bug);
});

test('submissions are in the order of the regions', async () => {
  const submit = async (region: string) => submission(region);
  const found = await submitToRegions(['us', 'eu'], submit);
  expect(found.map(([region, { jobName }]) => [region, jobName])).toEqual([
    ['us', 'publisher-us'],
    ['eu', 'publisher-eu'],
  ]);
});

const network = (stop: Network['stop'], state: JobInfo['state'] = 'running') =>
  ({ stop, jobs: async () => [{ ref: { role: 'publisher' }, state }] }) as unknown as Network;

test.each(['running', 'pending'] as const)('a %s job for all regions is reported, and not stopped', async (state) => {
  const stop = vi.fn(async () => true);
  expect(await stopAllRegionsJob(network(stop, state), false)).toEqual([{ type: 'all-regions-job.running' }]);
  expect(stop).not.toHaveBeenCalled();
});

test('it is stopped where every region has a job of its own', async () => {
  const stop = vi.fn(async () => true);
  expect(await stopAllRegionsJob(network(stop), true)).toEqual([{ type: 'all-regions-job.stopped' }]);
  expect(stop).toHaveBeenCalledWith({ role: 'publisher' });
});

test('it is not mentioned where it does not run', async () => {
  const stop = async () => false;
  expect(await stopAllRegionsJob(network(stop, 'stopped'), false)).toEqual([]);
  expect(await stopAllRegionsJob(network(stop), true)).toEqual([]);
  const regional = {
    ...network(stop),
    jobs: async () => [{ ref: { role: 'publisher', region: 'eu' }, state: 'running' }],
  };
  expect(await stopAllRegionsJob(regional as unknown as Network, false)).toEqual([]);
});

const replacing = (jobName: string, replaced?: Submission['replaced']): Submission => ({
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
  } as Network;
  const old = [{ jobId: 'j', version: 3 }];
  let finish = (_: Submission) => {};
  const given = restoreReplaced(network, [
    Promise.resolve(replacing('new')),
    Promise.resolve(replacing('b', old)),
    Promise.reject(new Error('not submitted')),
    new Promise((resolve) => {
      finish = resolve;
    }),
  ]);
  finish(replacing('late', old));
  expect(await given).toEqual({ restored: ['late'], failed: [{ job: 'b', reason: 'gone' }] });
  expect(restored).toEqual(['late']);
});
