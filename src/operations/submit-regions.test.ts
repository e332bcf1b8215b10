import { expect, it } from 'vitest';
import { AppError } from '../lib/errors/app-error.js';
import { submitToRegions } from './submit-regions.js';

const submission = (region: string) => ({ jobId: 'j', jobName: `publisher-${region}`, unchanged: false, notes: [] });

it('tells what was submitted when one region fails', async () => {
  const submit = async (region: string) => {
    if (region === 'eu') throw new AppError('NAME_TAKEN', 'user', 'it is taken', { hint: 'choose', details: ['why'] });
    return submission(region);
  };
  await expect(submitToRegions(['us', 'eu', 'as'], submit)).rejects.toMatchObject({
    ...{ code: 'NAME_TAKEN', message: 'eu: it is taken', hint: 'choose' },
    details: ['why', 'us: publisher-us was submitted, and runs', 'as: publisher-as was submitted, and runs'],
  });
});
