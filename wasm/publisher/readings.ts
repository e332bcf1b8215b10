// Taking readings on time, whatever the network does.
import { now, wallTime } from "../lib/clock";
import { below } from "../lib/random";
import { hash } from "../lib/slice";
import { COLOR, EMOJI, ICON_COUNT, INTERVAL, PAUSED, RANDOM, RANDOM_OFF } from "../lib/values";
import { valueOf } from "./config";
import { hostname, maxMessages } from "./options";
import { keep, taken } from "./ring";

/** Further back, time did not pass for this sensor (its host slept), so there is nothing to take. */
const CATCH_UP_MS: i64 = 60_000;
const SOON_MS: i64 = 1000;

/** When the next reading is due (of `now`). */
export let due: i64 = 0;
/** One reading to take in spite of a pause: the one that says so. */
let owed: bool = true;
let randomColor: i32 = 0;

export function initReadings(): void {
  due = now();
  // 0x40 and more in each channel: seen on a dark screen too.
  randomColor = <i32>(below(1 << 24) & 0xbfbfbf) + 0x404040;
}

/** Whether readings are still to come by themselves. */
export function taking(): bool {
  return !ended() && (owed || !valueOf(PAUSED));
}

/** Whether the last of `--max-messages` was taken. */
export function ended(): bool {
  return maxMessages > 0 && taken >= maxMessages;
}

function chooseIcon(): u32 {
  const emoji = valueOf(EMOJI);
  if (emoji != RANDOM) return emoji;
  return <u32>(valueOf(RANDOM_OFF) ? hash(hostname) % ICON_COUNT : below(ICON_COUNT));
}

/** Takes every reading that is due by now, each with the time at which it was due. */
export function takeDue(): void {
  const at = now();
  const interval = <i64>valueOf(INTERVAL);
  if (at - due > max(CATCH_UP_MS, interval)) due = at;
  while (due <= at && taking()) {
    const color = valueOf(COLOR);
    keep(wallTime() - (at - due), chooseIcon(), color == RANDOM ? randomColor : color);
    owed = false;
    // The second reading comes after a random part of the interval: sensors that start together spread out.
    due += taken == 1 ? 1 + <i64>below(interval) : interval;
  }
}

/** After a change of configuration: one reading soon, so that the change is seen. */
export function bringForward(): void {
  const left = min(max(due - now(), 0) / 2, <i64>valueOf(INTERVAL) / 2);
  due = now() + min(left, SOON_MS);
  owed = true;
}
