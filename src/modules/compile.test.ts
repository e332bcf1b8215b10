import { expect, test } from 'vitest';
import { ownLines } from './compile.js';

const OUTPUT = `WARNING AS201: Conversion from type 'i64' to 'i32' will require an explicit cast.
    :
 12 │ let a: i32 = b;
    └─ in ~lib/wasm-sensors/sdk/index.ts(12,14)

WARNING AS201: Conversion from type 'f64' to 'i32' will require an explicit cast.
    └─ in index.ts(3,14)

ERROR TS2304: Cannot find name 'x'.
    └─ in ~lib/wasm-sensors/sdk/wire.ts(7,1)
`;

test("of a compiler's lines, warnings about the SDK are left out; errors anywhere, and the user's warnings, are not", () => {
  const lines = ownLines(OUTPUT).join('\n');
  expect(lines).toContain('in index.ts(3,14)');
  expect(lines).toContain("Cannot find name 'x'");
  expect(lines).not.toContain('sdk/index.ts');
});

test('what other compilers print is kept, without blank lines', () => {
  expect(ownLines('main.c:3:5: warning: unused variable\n\n1 warning generated.\n')).toEqual([
    'main.c:3:5: warning: unused variable',
    '1 warning generated.',
  ]);
  expect(ownLines('')).toEqual([]);
});
