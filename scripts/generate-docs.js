// Writes the pages of docs/ that are made from tables in the code: `npm run docs`. Reads dist/, so build first.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * docs/errors.md.
 *
 * @param {Record<string, { fault: string, exitCode: number, summary: string, http?: number, formerly?: string }>} codes
 */
export function errorsPage(codes) {
  const rows = Object.entries(codes).map(([code, { fault, exitCode, summary, http, formerly }]) => {
    const meaning = formerly === undefined ? summary : `${summary} Formerly \`${formerly}\`.`;
    return `| \`${code}\` | ${fault} | ${exitCode} | ${http ?? ''} | ${meaning} |`;
  });
  return `# Error codes

Made from \`src/lib/errors/codes.ts\` by \`npm run docs\`; do not edit.

A command that fails prints a message and a hint, and with \`-o json\` or \`-o ndjson\` a document with
\`{"status":"error","error":{"code","category","message","hint","details"}}\`. \`category\` is whose fault it is: \`user\` can
be fixed by the caller (input, settings), \`system\` is a failure of the environment (network, disk, another program).
\`bug\`, with the code \`BUG\`, is a defect of this program: only then is a stack printed. Exit codes are 0 (ok), 1 (failed),
2 (can't run as called or configured) and 128 + the number of a signal.

Services answer \`{"error":{"code","message","reason","hint"}}\`; \`reason\` is the older name of \`message\`. The column HTTP
gives the status of codes that are made for HTTP; the control APIs answer any other code with 422 (\`user\`) or 500
(\`system\`). Codes of single readings that Amazon SQS refuses, such as
\`InvalidMessageContents\`, are those of SQS.

| Code | Fault | Exit | HTTP | Meaning |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

/**
 * The table of rooms inside docs/architecture.md.
 *
 * @param {string} page the page as it is
 * @param {{ room: string, is: string, folders?: { folder: string, is: string }[] }[]} rooms
 */
export function withRooms(page, rooms) {
  const rows = rooms.flatMap(({ room, is, folders = [] }) => [
    `| \`src/${room}/\` | ${is} |`,
    ...folders.map(({ folder, is: what }) => `| \`src/${folder}/\` | ${what} |`),
  ]);
  const table = ['| folder | what it is |', '|---|---|', ...rows].join('\n');
  return page.replace(/<!-- rooms -->[\s\S]*<!-- \/rooms -->/, `<!-- rooms -->\n${table}\n<!-- /rooms -->`);
}

/**
 * docs/cli.md.
 *
 * @param {import('commander').Command} program with these commands
 * @param {{ name: string, summary: string, hidden?: boolean, examples?: string[] }[]} specs
 */
export function cliPage(program, specs) {
  const shown = specs.filter(({ hidden }) => !hidden).map((spec) => ({ ...spec, path: pathOf(spec.name) }));
  const index = shown.map(({ path, summary }) => `- [\`${path}\`](#${path.replaceAll(' ', '-')}): ${summary}`);
  return `# Commands

Made from the commands of \`src/cli/commands\` by \`npm run docs\`; do not edit.

Type \`npx wasm-sensors\` where \`wasm-sensors\` is not on the PATH. A setting, which names a variable below, can also be set by
that variable, in \`.env\` or in \`wasm-sensors.yaml\`; \`wasm-sensors settings\` shows every value and where it comes from. Exit
codes are 0 (ok), 1 (failed), 2 (can't run as called or configured) and 128 + the number of a signal;
[errors.md](errors.md) lists the error codes.

${index.join('\n')}
${shown.map((spec) => commandSection(program, spec)).join('')}`;
}

const pathOf = (/** @type {string} */ name) => name.replace(/ [[<].*/, '');

/**
 * @param {import('commander').Command} program
 * @param {{ name: string, path: string, summary: string, examples?: string[] }} spec
 */
function commandSection(program, { name, path, summary, examples = [] }) {
  const command = path.split(' ').reduce((group, word) => find(group, word), program);
  const help = command.createHelp();
  const cell = (/** @type {string} */ text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
  const rows = help
    .visibleOptions(command)
    .filter(({ long }) => long !== '--help')
    .map((option) => `| \`${help.optionTerm(option)}\` | ${cell(help.optionDescription(option))} |`);
  const example = examples.length > 0 ? `\n\`\`\`bash\n${examples.join('\n')}\n\`\`\`\n` : '';
  return `
## ${path}

\`wasm-sensors ${name}\`: ${summary}.
${example}
| Option | |
|---|---|
${rows.join('\n')}
`;
}

/** Text of a manual page: backslashes, dashes and a dot or quote at the beginning of a line mean something to troff. */
const roff = (/** @type {string} */ text) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('`', '')
    .replace(/^([.'])/gm, '\\&$1');

/**
 * docs/wasm-sensors.1, the manual page.
 *
 * @param {import('commander').Command} program with these commands
 * @param {{ name: string, summary: string, hidden?: boolean, examples?: string[] }[]} specs
 */
export function manPage(program, specs) {
  const shown = specs.filter(({ hidden }) => !hidden).map((spec) => ({ ...spec, path: pathOf(spec.name) }));
  const sections = shown.map(({ name, path, summary, examples = [] }) => {
    const command = path.split(' ').reduce((group, word) => find(group, word), program);
    const help = command.createHelp();
    const options = help
      .visibleOptions(command)
      .filter(({ long }) => long !== '--help')
      .flatMap((option) => ['.TP', `.B ${roff(help.optionTerm(option))}`, roff(help.optionDescription(option))]);
    const lines = examples.flatMap((line) => [roff(line)]);
    const example = lines.length > 0 ? ['.PP', '.nf', '.RS', ...lines, '.RE', '.fi'] : [];
    return [`.SS wasm\\-sensors ${roff(name)}`, `${roff(summary)}.`, ...options, ...example].join('\n');
  });
  return `.\\" Made from the commands of src/cli/commands by npm run docs; do not edit.
.TH WASM\\-SENSORS 1
.SH NAME
wasm\\-sensors \\- a fleet of WebAssembly sensors on Bacalhau edge nodes
.SH SYNOPSIS
.B wasm\\-sensors
.I command
.RI [ options ]
.SH DESCRIPTION
${roff(program.description())}
.PP
A setting, which names a variable below, can also be set by that variable, in .env or in wasm\\-sensors.yaml.
.SH COMMANDS
${sections.join('\n')}
.SH EXIT STATUS
0 (ok), 1 (failed), 2 (can't run as called or configured) and 128 + the number of a signal.
`;
}

function find(/** @type {import('commander').Command} */ group, /** @type {string} */ word) {
  const found = group.commands.find((command) => command.name() === word);
  if (!found) throw new Error(`there is no command ${word}`);
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const page = (name) => fileURLToPath(new URL(`../docs/${name}`, import.meta.url));
  const [{ CODES }, { createProgram }, { loadCommands }] = await Promise.all([
    import('../dist/lib/errors/codes.js'),
    import('../dist/cli/program.js'),
    import('../dist/cli/commands/command-table.js'),
  ]);
  writeFileSync(page('errors.md'), errorsPage(CODES));
  const commands = await loadCommands([]);
  writeFileSync(page('cli.md'), cliPage(createProgram(commands), commands));
  writeFileSync(page('wasm-sensors.1'), manPage(createProgram(commands), commands));
  const rooms = JSON.parse(readFileSync(new URL('../src/test/rooms.json', import.meta.url), 'utf8'));
  writeFileSync(page('architecture.md'), withRooms(readFileSync(page('architecture.md'), 'utf8'), rooms));
}
