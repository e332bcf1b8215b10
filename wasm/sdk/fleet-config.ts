// The fleet configuration, as it comes with the proxy's answers.

import { readConfig } from '../lib/json';
import { logRarely, newLine, STDOUT } from '../lib/log';
import { number, text } from '../lib/out';
import { Slice } from '../lib/slice';
import { BAD } from '../lib/values';
import { adoptFleet, clearLayer, DRAFT, setField, version } from './config';
import { instrument } from './instrument';
import { bringForward } from './readings';

let changes: u32 = 0;

/** Applies the configuration in an answer, if it is newer. An invalid value counts as not set. */
export function receiveConfig(answer: Slice): void {
  clearLayer(DRAFT);
  instrument().clearOffers();
  const offered = readConfig(
    answer,
    (field: i32, value: i32): void => {
      if (value !== BAD) setField(DRAFT, field, value);
    },
    (name: Slice, value: Slice): void => instrument().offer(name, value),
  );
  if (offered <= <i64>version) return;
  adoptFleet(offered);
  instrument().adoptOffers();
  bringForward();
  newLine();
  text('fleet configuration ');
  number(version);
  text(' applied');
  logRarely(STDOUT, ++changes);
}
