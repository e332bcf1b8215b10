// How this sensor was started: flags and environment.
import { flagName, flagValue, nextFlag, refuse } from '../lib/flags';
import { readHost } from '../lib/host';
import { environment, fieldFlag, MAX_NAME, MAX_TOKEN, MAX_URL, textFlag, urlFlag } from '../lib/inputs';
import { fail, newLine } from '../lib/log';
import { text } from '../lib/out';
import { endOf, is, lengthOf, NOTHING, Slice, slice, startOf } from '../lib/slice';
import { fieldNamed, INTERVAL, parseHundredths, parseWhole } from '../lib/values';
import { FLAG, setField } from './config';
import { profileNamed, setAnomalies, setProfile } from './profile';

export let proxy: Slice = NOTHING;
export let region: Slice = NOTHING;
export let hostname: Slice = NOTHING;
export let jobId: Slice = NOTHING;
export let executionId: Slice = NOTHING;
export let token: Slice = NOTHING;
export let configPath: Slice = NOTHING;
/** Unix milliseconds; 0 = not given. */
export let submissionTime: u64 = 0;
/** Readings to take before exiting; 0 = no limit. */
export let maxMessages: u64 = 0;

function count(): u64 {
  const value = flagValue();
  const parsed = parseWhole(value);
  if (lengthOf(value) && parsed < 0) refuse('invalid value', 'Use a whole number; 0 = not set');
  return <u64>max(parsed, 0);
}

function readProfile(): void {
  const value = flagValue();
  const chosen = lengthOf(value) ? profileNamed(value) : 0;
  if (chosen < 0) refuse('unknown profile', 'Use none, cold-chain, weather or machine');
  setProfile(chosen);
}

/** A percentage, such as `2%` or `0.5`. */
function readAnomalies(): void {
  const value = flagValue();
  if (!lengthOf(value)) return;
  const hasSign = load<u8>(endOf(value) - 1) === 0x25;
  const share = parseHundredths(slice(startOf(value), lengthOf(value) - <usize>hasSign));
  if (share < 0 || share > 10_000) refuse('invalid value', 'Use a percentage from 0 to 100, such as 2%');
  setAnomalies(<u32>share);
}

function readFlag(): void {
  const field = fieldNamed(flagName);
  if (field >= 0 && field <= INTERVAL) {
    setField(FLAG, field, fieldFlag(field));
  } else if (is(flagName, 'proxy')) {
    proxy = urlFlag();
  } else if (is(flagName, 'region')) {
    region = textFlag(MAX_NAME);
  } else if (is(flagName, 'config')) {
    configPath = textFlag(MAX_URL);
  } else if (is(flagName, 'max-messages')) {
    maxMessages = count();
  } else if (is(flagName, 'submission-time')) {
    submissionTime = count();
  } else if (is(flagName, 'profile')) {
    readProfile();
  } else if (is(flagName, 'anomalies')) {
    readAnomalies();
  } else {
    refuse(
      'unknown flag',
      'Use --proxy --region --interval --color --emoji --random-off --profile --anomalies --max-messages --submission-time --config',
    );
  }
}

/** Reads flags and environment; logs what is invalid and traps. An empty value counts as not set. */
export function readOptions(): void {
  readHost();
  while (nextFlag()) readFlag();
  if (!lengthOf(proxy)) {
    newLine();
    text('--proxy is missing. Add --proxy http://HOST:PORT');
    fail();
  }
  jobId = environment('BACALHAU_JOB_ID', MAX_NAME);
  executionId = environment('BACALHAU_EXECUTION_ID', MAX_NAME);
  hostname = environment('HOSTNAME', MAX_NAME);
  token = environment('SENSOR_TOKEN', MAX_TOKEN);
  if (!lengthOf(region)) region = environment('REGION', MAX_NAME);
  if (!lengthOf(hostname)) hostname = executionId;
}
