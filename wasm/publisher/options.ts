// What this sensor was started with: flags and environment.
import { flagName, flagSwitch, flagValue, nextFlag, refuse } from "../lib/flags";
import { readHost, variable } from "../lib/host";
import { fail, newLine } from "../lib/log";
import { text } from "../lib/out";
import { NOTHING, Slice, endOf, is, lengthOf, slice, startOf, startsWith } from "../lib/slice";
import { BAD, INTERVAL, RANDOM_OFF, UNSET, fieldHelp, fieldNamed, parseDecimal, parseField } from "../lib/values";
import { FLAG, setField } from "./config";

export let proxy: Slice = NOTHING;
export let region: Slice = NOTHING;
export let hostname: Slice = NOTHING;
export let jobId: Slice = NOTHING;
export let executionId: Slice = NOTHING;
export let token: Slice = NOTHING;
export let configPath: Slice = NOTHING;
/** Unix milliseconds; 0 = not given. */
export let submissionTime: u64 = 0;
/** Readings to take before ending; 0 = no end. */
export let maxMessages: u64 = 0;

// These texts become part of each reading and request, and the buffers of those are fixed.
const MAX_NAME: usize = 255;
const MAX_URL: usize = 400;
const MAX_TOKEN: usize = 512;

/** Printable and not too long: fit for a header, a URL or a reading. */
function fits(value: Slice, maximum: usize): bool {
  for (let at = startOf(value); at < endOf(value); at++) {
    if (load<u8>(at) < 0x20) return false;
  }
  return lengthOf(value) <= maximum;
}

function environment(name: string, maximum: usize): Slice {
  const value = variable(name);
  if (!fits(value, maximum)) {
    newLine();
    text(name);
    text(" in the environment is too long or not printable. Set a shorter one");
    fail();
  }
  return value;
}

function textFlag(maximum: usize): Slice {
  const value = flagValue();
  if (!fits(value, maximum)) refuse("too long, or not printable", "Use a shorter one");
  return value;
}

function count(): u64 {
  const value = flagValue();
  const parsed = parseDecimal(value, 0);
  if (lengthOf(value) && parsed < 0) refuse("the value is not a whole number from 0 on", "0 is as good as leaving it out");
  return <u64>max(parsed, 0);
}

/** A base URL; slashes at its end are not needed. */
function url(): Slice {
  const value = textFlag(MAX_URL);
  const start = startOf(value);
  let end = endOf(value);
  if (!startsWith(start, end, "http://") && !startsWith(start, end, "https://")) {
    refuse("the URL must start with http:// or https://", "Such as --proxy http://10.0.0.5:9090");
  }
  for (let at = start; at < end; at++) {
    if (load<u8>(at) == 0x40) refuse("the URL must not hold a user or password", "Set SENSOR_TOKEN in the environment");
  }
  while (load<u8>(end - 1) == 0x2f) end--;
  return slice(start, end - start);
}

function readFlag(): void {
  const field = fieldNamed(flagName);
  if (field >= 0 && field <= INTERVAL) {
    let parsed: i32 = UNSET;
    if (field == RANDOM_OFF) {
      parsed = flagSwitch();
    } else {
      const value = flagValue();
      if (lengthOf(value)) parsed = parseField(field, value);
    }
    if (parsed == BAD) refuse("the value cannot be used", fieldHelp(field));
    setField(FLAG, field, parsed);
  } else if (is(flagName, "proxy")) {
    proxy = url();
  } else if (is(flagName, "region")) {
    region = textFlag(MAX_NAME);
  } else if (is(flagName, "config")) {
    configPath = textFlag(MAX_URL);
  } else if (is(flagName, "max-messages")) {
    maxMessages = count();
  } else if (is(flagName, "submission-time")) {
    submissionTime = count();
  } else {
    refuse(
      "no such flag",
      "Use --proxy --region --interval --color --emoji --random-off --max-messages --submission-time --config",
    );
  }
}

/** Reads flags and environment; says what cannot be used and traps. An empty value is as good as none. */
export function readOptions(): void {
  readHost();
  while (nextFlag()) readFlag();
  if (!lengthOf(proxy)) {
    newLine();
    text("--proxy is missing: the sensor does not know where to send. Add --proxy http://HOST:PORT");
    fail();
  }
  jobId = environment("BACALHAU_JOB_ID", MAX_NAME);
  executionId = environment("BACALHAU_EXECUTION_ID", MAX_NAME);
  hostname = environment("HOSTNAME", MAX_NAME);
  token = environment("SENSOR_TOKEN", MAX_TOKEN);
  if (!lengthOf(region)) region = environment("REGION", MAX_NAME);
  if (!lengthOf(hostname)) hostname = executionId;
}
