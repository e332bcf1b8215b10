// The sensor of the demonstration. What it measures is a function of its profile, its host and the time, so readings that
// wait keep no values.
import { flagName, flagValue, refuse } from '../lib/flags';
import { endOf, is, lengthOf, Slice, slice, startOf } from '../lib/slice';
import { parseHundredths } from '../lib/values';
import { Instrument } from '../sdk/instrument';
import { hostname } from '../sdk/options';
import { time } from '../sdk/ring';
import { run } from '../sdk/run';
import { initProfile, profileNamed, setAnomalies, setProfile, writeValues } from './profile';

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

class Profile extends Instrument {
  start(): void {
    initProfile(hostname);
  }

  readFlag(): bool {
    if (is(flagName, 'profile')) readProfile();
    else if (is(flagName, 'anomalies')) readAnomalies();
    else return false;
    return true;
  }

  flagHelp(): string {
    return 'Use --proxy --region --interval --color --emoji --random-off --profile --anomalies --max-messages --submission-time --config';
  }

  take(): u32 {
    return 0;
  }

  writeValues(): void {
    writeValues(time);
  }

  valuesSize(): usize {
    return 100;
  }

  clearOffers(): void {}

  offer(_member: Slice, _value: Slice): void {}

  adoptOffers(): void {}

  writeSettings(): void {}
}

run(new Profile());
