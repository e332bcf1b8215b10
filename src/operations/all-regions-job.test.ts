import { expect, it, vi } from 'vitest';
import { AppError } from '../lib/errors/app-error.js';
import type { JobInfo, Network } from '../network/network.js';
import { endAllRegionsJob } from './all-regions-job.js';

const network = (stop: Network['stop'], state: JobInfo['state'] = 'running') =>
  ({ stop, jobs: async () => [{ ref: { role: 'publisher' }, state }] }) as unknown as Network;

it('is ended where every region has its own, and only told of elsewhere', async () => {
  const stop = vi.fn(async () => true);
  expect(await endAllRegionsJob(network(stop), false)).toEqual([expect.stringContaining('runs beside')]);
  expect(stop).not.toHaveBeenCalled();
  expect(await endAllRegionsJob(network(stop), true)).toEqual([expect.stringContaining('was ended')]);
  expect(stop).toHaveBeenCalledWith({ role: 'publisher' });
});

it('is not spoken of where it does not run', async () => {
  const stop = async () => false;
  expect(await endAllRegionsJob(network(stop, 'stopped'), false)).toEqual([]);
  expect(await endAllRegionsJob(network(stop), true)).toEqual([]);
});

it('is no failure where a 1.7 stops it on paper', async () => {
  const stop = async () => {
    throw new AppError('STOP_NOT_PASSED_ON', 'system', 'publisher was stopped, but its executions were not');
  };
  expect(await endAllRegionsJob(network(stop), true)).toEqual(['publisher was stopped, but its executions were not']);
});
