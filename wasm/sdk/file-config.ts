// The sensor's YAML file, re-read while the sensor runs: edited in place or replaced, in a mounted folder.
import { now } from '../lib/clock';
import { belowRoot, errno, fingerprint, readFile } from '../lib/files';
import { logRarely, newLine, STDERR, STDOUT } from '../lib/log';
import { bytes, number, text } from '../lib/out';
import { hash, lengthOf, Slice, slice } from '../lib/slice';
import { longest_sleep } from '../lib/suspend';
import { problem, readYaml } from '../lib/yaml';
import { adoptDraft, clearLayer, DRAFT, FILE, setField } from './config';
import { BAD_FILE, fileState, GOOD_FILE, NO_FILE, setFileState } from './file-state';
import { configPath } from './options';
import { bringForward } from './readings';

const CHECK_MS: i64 = 1000;
const CAPACITY: usize = 4096;
const content = memory.data(4096);

let lastCheck: i64 = i64.MIN_VALUE;
/** Fingerprint of the file when it was last read completely; 0 = read it again at the next check. */
let seen: u64 = 0;
/** Hash of content that looks half-written, but may be complete. */
let suspect: u64 = 0;
let adopted: u64 = 0;
let changes: u32 = 0;
let problems: u32 = 0;

/** Time of the next check (of `now`). */
export function nextFileCheck(): i64 {
  if (!lengthOf(configPath)) return i64.MAX_VALUE;
  return lastCheck === i64.MIN_VALUE ? lastCheck : lastCheck + (seen ? longest_sleep : CHECK_MS);
}

/** Checks whether the file changed, once a second unless the host tells, and applies its values. */
export function followFile(): void {
  if (nextFileCheck() > now()) return;
  lastCheck = now();
  const path = belowRoot(configPath);
  const state = fingerprint(path);
  if (state && state === seen) return;
  seen = state;
  const length = state ? readFile(path, content, CAPACITY) : -1;
  if (length < 0) {
    seen = 0;
    reject('cannot be read, errno ', errno, 'is it in a mounted folder?');
    return;
  }
  if (<usize>length === CAPACITY) {
    reject('more bytes than ', CAPACITY - 1, 'shorten it');
    return;
  }
  const document = slice(content, length);
  const mark = hash(document);
  // An editor that writes in place first leaves an empty or unfinished file: applied only if it stays so.
  const unfinished = !length || load<u8>(content + length - 1) !== 0x0a;
  if (unfinished && fileState !== NO_FILE && mark !== suspect) {
    suspect = mark;
    seen = 0;
    return;
  }
  adopt(document, mark);
}

function adopt(document: Slice, mark: u64): void {
  clearLayer(DRAFT);
  const row = readYaml(document, (field: i32, value: i32): void => setField(DRAFT, field, value));
  if (row) {
    reject('line ', row, problem);
    return;
  }
  if (!setFileState(GOOD_FILE) && mark === adopted) return;
  adopted = mark;
  adoptDraft(FILE);
  bringForward();
  newLine();
  text('configuration file ');
  bytes(configPath);
  text(' applied');
  logRarely(STDOUT, ++changes);
}

/** Keeps the last valid values; logged when the file becomes invalid. */
function reject(why: string, detail: u64, what: string): void {
  if (!setFileState(BAD_FILE)) return;
  bringForward();
  newLine();
  text('configuration file ');
  bytes(configPath);
  text(' rejected: ');
  text(why);
  number(detail);
  text(': ');
  text(what);
  text('. Keeping the last valid values');
  logRarely(STDERR, ++problems);
}
