// Takes readings on time, independently of the network.
import { now, wallTime } from '../lib/clock';
import { below } from '../lib/random';
import { hash } from '../lib/slice';
import { COLOR, EMOJI, ICON_COUNT, INTERVAL, PAUSED, RANDOM, RANDOM_OFF } from '../lib/values';
import { effectiveValue } from './config';
import { instrument, staged } from './instrument';
import { hostname, maxMessages } from './options';
import { keep, taken } from './ring';

/** A longer gap means that the host slept: there are no readings to catch up on. */
const CATCH_UP_MS: i64 = 60_000;
const SOON_MS: i64 = 1000;

/** When the next reading is due (of `now`). */
export let due: i64 = 0;
/** Whether to take one reading during a pause, so that the pause is reported. */
let owed: bool = true;
let randomColor: i32 = 0;

export function initReadings(): void {
  due = now();
  // At least 0x40 in each channel: visible on a dark screen too.
  randomColor = <i32>(below(1 << 24) & 0xbfbfbf) + 0x404040;
}

/** Whether more readings are scheduled. */
export function taking(): bool {
  return !completed() && (owed || !effectiveValue(PAUSED));
}

/** Whether all of `--max-messages` were taken. */
export function completed(): bool {
  return maxMessages > 0 && taken >= maxMessages;
}

function chooseIcon(): u32 {
  const emoji = effectiveValue(EMOJI);
  if (emoji !== RANDOM) return emoji;
  return <u32>(effectiveValue(RANDOM_OFF) ? hash(hostname) % ICON_COUNT : below(ICON_COUNT));
}

/** Takes every reading that is due by now, each with the time at which it was due. */
export function takeDue(): void {
  const at = now();
  const interval = <i64>effectiveValue(INTERVAL);
  if (at - due > max(CATCH_UP_MS, interval)) due = at;
  while (due <= at && taking()) {
    const color = effectiveValue(COLOR);
    keep(wallTime() - (at - due), chooseIcon(), color === RANDOM ? randomColor : color, instrument().take(), staged);
    owed = false;
    // The second reading comes after a random part of the interval: sensors that start together spread out.
    due += taken === 1 ? 1 + <i64>below(interval) : interval;
  }
}

/** After a configuration change: takes one reading soon, so that the change is reported. */
export function bringForward(): void {
  const left = min(max(due - now(), 0) / 2, <i64>effectiveValue(INTERVAL) / 2);
  due = now() + min(left, SOON_MS);
  owed = true;
}
