/** Changes of what is selected, for who has signed in with the operator token; others see how to sign in. */
/** @import { Selection } from './selection.js' */
import { byId, create, setText } from './dom.js';
import { perform } from './operation.js';
import { nameOf } from './selection.js';
import { currentSession, loadSession, signIn, signOut } from './session.js';

/** @typedef {{ what: string, set?: Record<string, unknown>, unset?: string[] }} Change `what`: for people */
/** @typedef {{ sensors: number, converged: number, seconds: number, hidden: Hidden[], revoked: string[] }} Seen */
/** @typedef {{ scope: { region?: string, hostname?: string }, fields: string[] }} Hidden */

/** @type {Selection} */
let selection = {};
/** Called when something was changed. */
let changed = () => {};
/** An operation is running. */
let busy = false;

const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (byId(id));

export function listenToControls() {
  byId('sign-in').addEventListener('submit', async (event) => {
    event.preventDefault();
    setText(byId('sign-in-problem'), await signIn(input('operator-token').value.trim()));
    input('operator-token').value = '';
    show();
  });
  byId('sign-out').addEventListener('click', () => void signOut());
  onSubmit('change-color', () => {
    const color = input('new-color').value;
    return { what: `colour ${color}`, set: { color } };
  });
  onSubmit('change-interval', () => {
    const interval = Number(input('new-interval').value);
    return { what: `interval ${interval} s`, set: { interval } };
  });
  byId('pause-sensors').addEventListener('click', () => void change({ what: 'pause', set: { paused: true } }));
  byId('resume-sensors').addEventListener('click', () => void change({ what: 'resume', set: { paused: false } }));
  onSubmit('clear-value', () => {
    const { value, selectedOptions } = /** @type {HTMLSelectElement} */ (byId('cleared'));
    return { what: `clear ${selectedOptions[0]?.text}`, unset: [value] };
  });
  byId('cut-region').addEventListener('click', () => void link(false));
  byId('reconnect-region').addEventListener('click', () => void link(true));
}

/**
 * @param {string} id of a form
 * @param {() => Change} read
 */
function onSubmit(id, read) {
  byId(id).addEventListener('submit', (event) => {
    event.preventDefault();
    void change(read());
  });
}

/**
 * @param {Selection} of
 * @param {() => void} whenChanged
 */
export async function showControls(of, whenChanged) {
  selection = of;
  changed = whenChanged;
  if (!busy) say('');
  show();
  await loadSession();
  show();
}

function show() {
  const { operator, signIn: canSignIn, config, links } = currentSession();
  const { region, host } = selection;
  byId('sign-in').hidden = operator || !canSignIn;
  byId('sign-out').hidden = !operator;
  byId('changes').hidden = !operator || !config;
  const isRegion = region !== undefined && host === undefined;
  byId('links').hidden = !operator || !isRegion || !links;
  const commands = [
    ...(canSignIn && (config || !operator) ? [] : [configCommand()]),
    ...(isRegion && operator && !links ? [`wasm-sensors region disconnect ${region}`] : []),
  ];
  byId('commands').hidden = commands.length === 0;
  byId('command-list').replaceChildren(
    ...commands.map((command) => {
      const item = create('li', '');
      item.append(create('code', '', command));
      return item;
    }),
  );
}

function configCommand() {
  const { region, host } = selection;
  const scope = host !== undefined ? ` --host ${host}` : region !== undefined ? ` --region ${region}` : '';
  return `wasm-sensors config set${scope} interval=1`;
}

/** @returns {{ hostname: string } | { region: string } | {}} */
function scopeOf() {
  const { region, host } = selection;
  if (host !== undefined) return { hostname: host };
  return region === undefined ? {} : { region };
}

/**
 * @param {Change} wanted
 * @param {boolean} [includeNarrower]
 */
async function change(wanted, includeNarrower = false) {
  const { what, set = {}, unset = [] } = wanted;
  const name = `${nameOf(selection)}: ${what}`;
  const body = { scope: scopeOf(), set, unset, includeNarrower };
  const seen = await follow(name, 'POST', 'controls/config', body, 'sensors follow');
  if (!seen) return;
  const { sensors, converged, seconds, hidden, revoked } = /** @type {Seen} */ (seen);
  const took = `(${seconds.toFixed(1)} s)`;
  say(
    `${name}: ${sensors === 0 ? 'saved; no active sensor is here' : `${converged}/${sensors} sensors follow ${took}`}`,
  );
  if (revoked.length > 0) add(`${revoked.join(', ')}: revoked, so no reading can show the change`);
  if (hidden.length === 0) return;
  add(hidden.slice(0, 5).map(hiddenText).join(', ') + (hidden.length > 5 ? ` and ${hidden.length - 5} more` : ''));
  const again = create('button', '', 'Clear that too');
  again.addEventListener('click', () => void change(wanted, true));
  byId('outcome').append(again);
}

/** @param {Hidden} hidden */
const hiddenText = ({ scope, fields }) =>
  `${scope.hostname !== undefined ? `host ${scope.hostname}` : `region ${scope.region}`} has its own ${fields.join(' and ')}`;

/** @param {boolean} connected */
async function link(connected) {
  const { region = '' } = selection;
  const name = `region ${region}: ${connected ? 'reconnect' : 'cut'}`;
  const path = `controls/regions/${encodeURIComponent(region)}`;
  const state = connected ? 'nodes connected' : 'nodes cut off';
  const done = await follow(name, 'PUT', path, { connected }, state);
  if (!done) return;
  const { reached, nodes, seconds, bypassing = [] } = done;
  say(`${name}: ${reached}/${nodes} ${state} (${seconds.toFixed(1)} s)`);
  for (const { job, proxyUrl } of bypassing) add(`${job} still reaches ${proxyUrl}, which this link does not carry`);
}

/**
 * Does it and says how far it is; resolves with the result, or undefined after it has said why it failed.
 * @param {string} name
 * @param {'POST' | 'PUT'} method
 * @param {string} path
 * @param {object} body
 * @param {string} state
 * @returns {Promise<any>}
 */
async function follow(name, method, path, body, state) {
  if (busy) return undefined;
  setBusy(true);
  say(`${name} …`);
  const outcome = await perform(method, path, body, ({ done, of }) => say(`${name}: ${done}/${of} ${state}`));
  setBusy(false);
  changed();
  if ('result' in outcome) return outcome.result;
  const { code, message, hint, details = [] } = outcome.error;
  say(`${name}: ${message} (${code})`, true);
  for (const text of [...details.slice(0, 5), ...(hint ? [hint] : [])]) add(text);
  show();
  return undefined;
}

/** @param {boolean} is */
function setBusy(is) {
  busy = is;
  for (const id of ['changes', 'links']) /** @type {HTMLFieldSetElement} */ (byId(id)).disabled = is;
}

/** @param {string} text */
function say(text, failed = false) {
  byId('outcome').classList.toggle('bad', failed);
  setText(byId('outcome'), text);
}

/** @param {string} text */
const add = (text) => byId('outcome').append(create('p', 'dim', text));
