// The sensor's YAML file, followed while it runs: edited in place or replaced, in a folder that is mounted.
import { now } from "../lib/clock";
import { belowRoot, errno, fingerprint, readFile } from "../lib/files";
import { STDERR, STDOUT, newLine, saySeldom } from "../lib/log";
import { bytes, number, text } from "../lib/out";
import { Slice, hash, lengthOf, slice } from "../lib/slice";
import { problem, readYaml } from "../lib/yaml";
import { DRAFT, FILE, adoptDraft, clearLayer, setField } from "./config";
import { BAD_FILE, GOOD_FILE, NO_FILE, fileState, setFileState } from "./file-state";
import { configPath } from "./options";
import { bringForward } from "./readings";

const CHECK_MS: i64 = 1000;
const CAPACITY: usize = 4096;
const content = memory.data(4096);

let nextCheck: i64 = 0;
/** State of the file when it was last read for good; 0 = read it again at the next check. */
let seen: u64 = 0;
/** Hash of content that looks half-written, and may be all there is. */
let suspect: u64 = 0;
let adopted: u64 = 0;
let changes: u32 = 0;
let problems: u32 = 0;

/** When to look at the file next (of `now`). */
export function nextFileCheck(): i64 {
  return lengthOf(configPath) ? nextCheck : i64.MAX_VALUE;
}

/** Looks whether the file changed, at most once a second, and applies what it says. */
export function followFile(): void {
  if (nextFileCheck() > now()) return;
  nextCheck = now() + CHECK_MS;
  const path = belowRoot(configPath);
  const state = fingerprint(path);
  if (state && state == seen) return;
  seen = state;
  const length = state ? readFile(path, content, CAPACITY) : -1;
  if (length < 0) {
    seen = 0;
    return reject("it cannot be read, errno ", errno, "is it in a mounted folder?");
  }
  if (<usize>length == CAPACITY) return reject("more bytes than ", CAPACITY - 1, "shorten it");
  const document = slice(content, length);
  const mark = hash(document);
  // An editor that writes in place is first seen with an empty or unfinished file: believed only when it stays so.
  const unfinished = !length || load<u8>(content + length - 1) != 0x0a;
  if (unfinished && fileState != NO_FILE && mark != suspect) {
    suspect = mark;
    seen = 0;
    return;
  }
  adopt(document, mark);
}

function adopt(document: Slice, mark: u64): void {
  clearLayer(DRAFT);
  const row = readYaml(document, (field: i32, value: i32): void => setField(DRAFT, field, value));
  if (row) return reject("line ", row, problem);
  if (!setFileState(GOOD_FILE) && mark == adopted) return;
  adopted = mark;
  adoptDraft(FILE);
  bringForward();
  newLine();
  text("configuration file ");
  bytes(configPath);
  text(" applied");
  saySeldom(STDOUT, ++changes);
}

/** The last good values stay; said when the file turns bad. */
function reject(why: string, detail: u64, what: string): void {
  if (!setFileState(BAD_FILE)) return;
  bringForward();
  newLine();
  text("configuration file ");
  bytes(configPath);
  text(" is not used: ");
  text(why);
  number(detail);
  text(": ");
  text(what);
  text(". The last good values stay");
  saySeldom(STDERR, ++problems);
}
