// Changes a sensor's YAML file, line by line: comments, order and spelling of the keys stay as they are.
import { belowRoot, errno, open, readFile } from '../lib/files';
import { ERRNO_BADF, ERRNO_NOENT, ERRNO_OK, fd_close, fd_write } from '../lib/imports';
import { fail, log, newLine, STDOUT } from '../lib/log';
import { begin, byte, bytes, number, text, written } from '../lib/out';
import { endOf, lengthOf, Slice, slice, startOf } from '../lib/slice';
import { FIELD_COUNT, fieldNamed, UNSET } from '../lib/values';
import { endsDocument, hasByteOrderMark, isOver, key, rawValue, splitLine } from '../lib/yaml';
import { changeOf, file, REMOVE } from './options';
import { fieldName, writeValue } from './values-out';

const CAPACITY: usize = 4096;
// Room for a file at the limit and five lines more.
const NEW_CAPACITY: usize = 4352;
const before = memory.data(4096);
const after = memory.data(4352);
const cells = memory.data(12);

const CREATE_AND_TRUNCATE: i32 = 9;
const RIGHT_READ_WRITE: i64 = 2 | 64;

/** Copies a line with the new value in the place of the old one; nothing for a field that is to be removed. */
function changeLine(line: Slice, change: i32, field: i32): void {
  if (change === REMOVE) return;
  bytes(slice(startOf(line), startOf(rawValue) - startOf(line)));
  const empty = !lengthOf(rawValue);
  if (empty) byte(0x20);
  writeValue(field, change);
  // After a missing value there is nothing, or an unquoted colour that counts as a comment.
  if (empty) byte(0x0a);
  else bytes(slice(endOf(rawValue), endOf(line) - endOf(rawValue)));
}

/** Appends the fields that no line sets; `done` has one bit for each field that a line sets. */
function writeMissing(done: i32): void {
  for (let field = 0; field < FIELD_COUNT; field++) {
    const change = changeOf(field);
    if (change === UNSET || change === REMOVE || (done >> field) & 1) continue;
    text(fieldName(field));
    text(': ');
    writeValue(field, change);
    byte(0x0a);
  }
}

function newText(document: Slice): Slice {
  begin(after, NEW_CAPACITY);
  let at = startOf(document);
  const end = endOf(document);
  if (hasByteOrderMark(at, end)) {
    bytes(slice(at, 3));
    at += 3;
  }
  let done = 0;
  while (at < end) {
    let lineEnd = at;
    while (lineEnd < end && load<u8>(lineEnd) !== 0x0a) lineEnd++;
    if (endsDocument(at, lineEnd)) break;
    const whole = slice(at, min(lineEnd + 1, end) - at);
    const field = !isOver(at, lineEnd) && splitLine(at, lineEnd) ? fieldNamed(key) : -1;
    const change: i32 = field < 0 ? UNSET : changeOf(field);
    if (change === UNSET) {
      bytes(whole);
    } else {
      changeLine(whole, change, field);
      done |= 1 << field;
    }
    if (lineEnd === end && change !== REMOVE) byte(0x0a);
    at = lineEnd + 1;
  }
  writeMissing(done);
  // From the end of the document on; behind the last line `at` is past the end.
  if (at < end) bytes(slice(at, end - at));
  return written();
}

function writeAll(fd: i32, content: Slice): i32 {
  let at = startOf(content);
  while (at < endOf(content)) {
    store<u32>(cells, <u32>at);
    store<u32>(cells, <u32>(endOf(content) - at), 4);
    const failed = fd_write(fd, cells, 1, cells + 8);
    if (failed) return failed;
    at += load<u32>(cells, 8);
  }
  return ERRNO_OK;
}

function failWith(what: string, code: i32): void {
  newLine();
  text(what);
  bytes(file);
  text(': errno ');
  number(code);
  text(". Bacalhau's inputs can be read but never written by a module; change the configuration with --proxy instead");
  fail();
}

/** Edits the file in place and logs it; logs why not and fails where the host does not allow it. */
export function changeFile(): void {
  const path = belowRoot(file);
  const length = readFile(path, before, CAPACITY);
  if (length < 0 && errno !== ERRNO_NOENT) failWith('cannot read ', errno);
  if (<usize>max(length, 0) === CAPACITY) failWith("too long to be a sensor's configuration: ", 0);
  const content = newText(slice(before, max(length, 0)));
  const fd = open(path, CREATE_AND_TRUNCATE, RIGHT_READ_WRITE);
  if (fd < 0) failWith('cannot open for writing ', errno);
  const failed = writeAll(fd, content);
  fd_close(fd);
  if (failed) failWith('cannot write ', failed);
  // A host may accept writes and drop them, or not truncate.
  if (readFile(path, before, CAPACITY) !== <i32>lengthOf(content) || memory.compare(before, after, lengthOf(content))) {
    failWith('written, but not changed: ', ERRNO_BADF);
  }
  newLine();
  text('changed ');
  bytes(file);
  log(STDOUT);
}
