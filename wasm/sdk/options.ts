// How this sensor was started: flags and environment.
import { flagName, flagValue, nextFlag, refuse } from '../lib/flags';
import { readHost } from '../lib/host';
import { environment, fieldFlag, MAX_NAME, MAX_TOKEN, MAX_URL, textFlag, urlFlag } from '../lib/inputs';
import { fail, newLine } from '../lib/log';
import { text } from '../lib/out';
import { is, lengthOf, NOTHING, Slice } from '../lib/slice';
import { fieldNamed, INTERVAL, parseWhole } from '../lib/values';
import { FLAG, setField } from './config';
import { instrument } from './instrument';

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
  } else if (!instrument().readFlag()) {
    refuse('unknown flag', instrument().flagHelp());
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
