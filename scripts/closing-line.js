// Ends a test run with every skipped test and its reason, every test that passed only when it ran again with what it said before,
// and one line of totals.

/** What an error says, and where in our own files. */
const ownLines = ({ stack = '' }) =>
  stack
    .split('\n')
    .filter((line) => !/node_modules|<anonymous>/.test(line))
    .map((line) => `    ${line}`)
    .join('\n');

export default class ClosingLine {
  onTestRunEnd(modules, unhandled = []) {
    // An error that no test waited for fails the run, too.
    const counts = { passed: 0, failed: unhandled.length, skipped: 0 };
    const reasons = new Map();
    const again = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state, note, errors = [] } = test.result();
        if (state in counts) counts[state]++;
        if (test.diagnostic()?.flaky) again.push([test.fullName, ...errors.map(ownLines)].join('\n'));
        if (state === 'skipped') {
          const reason = note ?? 'no reason given';
          reasons.set(reason, [...(reasons.get(reason) ?? []), test.fullName]);
        }
      }
      if (module.state() === 'failed' && [...module.children.allTests()].every((t) => t.result().state !== 'failed')) {
        counts.failed++;
      }
    }
    for (const [reason, names] of reasons) {
      console.log(`skipped (${reason}):`);
      for (const name of names) console.log(`  ${name}`);
    }
    if (again.length > 0) console.log('passed at the second attempt:');
    for (const name of again) console.log(`  ${name}`);
    for (const error of unhandled) console.log(`no test waited for:\n${ownLines(error)}`);
    console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}
