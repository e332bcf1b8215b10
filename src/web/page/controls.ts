/** Changes of what is selected, for who has signed in with the operator token; others see how to sign in. */
import type { Scope } from '../../protocol/desired-config.js';
import type {
  ConfigChangeBody,
  ConfigChanged,
  LinkChanged,
  PlaceConfig,
} from '../../puller/controls/fleet-controls.js';
import { FIELDS, fieldName, scopeText } from './configuration.js';
import { arrange, byId, create, find, setText } from './dom.js';
import { withNpx } from './format.js';
import { isCut } from './regions.js';
import { nameOf, type Selection } from './selection.js';
import { sensorsIn } from './sensors.js';
import { currentSession, loadSession, perform, signIn, signOut } from './session.js';

/** `what`: for people. */
type Change = { what: string } & Pick<ConfigChangeBody, 'set' | 'unset'>;
type Hidden = NonNullable<ConfigChanged['hidden']>[number];

const SHOWN = 5;

let selection: Selection = {};
/** Of what is selected; undefined while it is not known. */
let config: PlaceConfig | undefined;
/** Called when something was changed. */
let changed = () => {};
let busy = false;
/** Whether who reads has signed in, too. */
let locked = false;

const input = (id: string) => find(document, `#${id}`, HTMLInputElement);
const button = (id: string) => find(document, `#${id}`, HTMLButtonElement);

export function listenToControls(): void {
  locked = !byId('sign-out').hidden;
  onClick('sign-out', signOut);
  onSubmit('sign-in', async () => {
    setText(byId('sign-in-problem'), await signIn(input('operator-token').value.trim()));
    input('operator-token').value = '';
    show();
  });
  onSubmit('change-color', () => {
    const color = input('new-color').value;
    return change({ what: `colour ${color}`, set: { color } });
  });
  onSubmit('change-interval', () => {
    const interval = Number(input('new-interval').value);
    return change({ what: `interval ${interval} s`, set: { interval } });
  });
  onSubmit('clear-value', async () => {
    const field = FIELDS.find((one) => one === find(document, '#cleared', HTMLSelectElement).value);
    if (field) await change({ what: `clear ${fieldName(field)}`, unset: [field] });
  });
  onClick('pause-sensors', async () => {
    const question = `Pause ${nameOf(selection)}? Nothing is measured there until it is resumed.`;
    if (await confirmed(question, 'Pause')) await change({ what: 'pause', set: { paused: true } });
  });
  onClick('resume-sensors', () => change({ what: 'resume', set: { paused: false } }));
  onClick('cut-region', async () => {
    const question = `Cut ${nameOf(selection)} off? Its sensors, or their relay, keep the readings until it is reconnected.`;
    if (await confirmed(question, 'Cut off')) await setLink(false);
  });
  onClick('reconnect-region', () => setLink(true));
  void loadSession().then(show);
}

function onClick(id: string, handle: () => Promise<void>): void {
  byId(id).addEventListener('click', () => void handle());
}

function onSubmit(id: string, handle: () => Promise<void>): void {
  byId(id).addEventListener('submit', (event) => {
    event.preventDefault();
    void handle();
  });
}

/** Before what stops readings. */
function confirmed(question: string, yes: string): Promise<boolean> {
  const dialog = find(document, '#confirm', HTMLDialogElement);
  setText(byId('confirm-question'), question);
  setText(byId('confirm-yes'), yes);
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

export async function showControls(of: Selection, whenChanged: () => void): Promise<void> {
  selection = of;
  config = undefined;
  changed = whenChanged;
  if (!busy) say('');
  show();
  await loadSession();
  show();
}

/** Enables what applies: to pause what sends, to reconnect what is cut, to clear what is set. */
export function showApplicable(configured = config): void {
  config = configured;
  const { region = '' } = selection;
  const own = config?.scopes.at(-1)?.config;
  const isPaused = config?.scopes.findLast((scope) => scope.config?.paused !== undefined)?.config?.paused ?? false;
  const states = sensorsIn(selection).map(({ state }) => state === 'paused');
  const focused = document.activeElement;
  button('pause-sensors').disabled = states.length === 0 ? isPaused : !states.includes(false);
  button('resume-sensors').disabled = !isPaused && !states.includes(true);
  button('cut-region').disabled = isCut(region);
  button('reconnect-region').disabled = !isCut(region);
  // Who has cut a region off can reconnect it with the next key.
  if (focused?.matches(':disabled')) focused.parentElement?.querySelector<HTMLElement>('button:enabled')?.focus();
  const options = new Map([...byId('cleared').children].map((option) => [option.getAttribute('value'), option]));
  const set = FIELDS.filter((field) => own?.[field] !== undefined);
  const nodes = set.map(
    (value) => options.get(value) ?? Object.assign(create('option', '', fieldName(value)), { value }),
  );
  arrange(byId('cleared'), nodes);
  byId('clear-value').hidden = set.length === 0;
}

function show(): void {
  const { operator, signIn: canSignIn, config: canChange, links } = currentSession();
  const { region, host } = selection;
  byId('sign-in').hidden = operator || !canSignIn;
  byId('sign-out').hidden = !operator && !locked;
  byId('changes').hidden = !operator || !canChange;
  const isRegion = region !== undefined && host === undefined;
  byId('links').hidden = !operator || !isRegion || !links;
  const commands = [
    ...(canSignIn && (canChange || !operator) ? [] : [configCommand()]),
    ...(isRegion && operator && !links ? [`npx wasm-sensors region disconnect ${region}`] : []),
  ];
  byId('commands').hidden = commands.length === 0;
  byId('command-list').replaceChildren(...commands.map((command) => create('li', '', create('code', '', command))));
  showApplicable();
}

function configCommand(): string {
  const { region, host } = selection;
  const scope = host !== undefined ? ` --host ${host}` : region !== undefined ? ` --region ${region}` : '';
  return `npx wasm-sensors config set${scope} interval=1`;
}

function scopeOf({ region, host }: Selection): Scope {
  if (host !== undefined) return { hostname: host };
  return region === undefined ? {} : { region };
}

async function change(wanted: Change, includeNarrower = false): Promise<void> {
  const { what, set = {}, unset = [] } = wanted;
  const name = `${nameOf(selection)}: ${what}`;
  const body: ConfigChangeBody = { scope: scopeOf(selection), set, unset, includeNarrower };
  const result = await follow<ConfigChanged>(name, 'sensors follow', 'POST', 'controls/config', body);
  if (!result) return;
  const { sensors = 0, converged = 0, seconds = 0, hidden = [], revoked = [] } = result;
  const outcome = `${converged}/${sensors} sensors follow (${seconds.toFixed(1)} s)`;
  say(`${name}: ${sensors === 0 ? 'saved; no active sensor is here' : outcome}`);
  if (revoked.length > 0) add(`${revoked.join(', ')}: revoked, so no reading can show the change`);
  if (hidden.length === 0) return;
  const more = hidden.length > SHOWN ? ` and ${hidden.length - SHOWN} more` : '';
  add(hidden.slice(0, SHOWN).map(hiddenText).join(', ') + more);
  const again = create('button', '', 'Clear that too');
  again.addEventListener('click', () => void change(wanted, true));
  byId('outcome').append(again);
}

const hiddenText = ({ scope, fields }: Hidden): string => `${scopeText(scope)} has its own ${fields.join(' and ')}`;

async function setLink(connected: boolean): Promise<void> {
  const { region = '' } = selection;
  const name = `region ${region}: ${connected ? 'reconnect' : 'cut'}`;
  const state = connected ? 'nodes connected' : 'nodes cut off';
  const path = `controls/regions/${encodeURIComponent(region)}`;
  const result = await follow<LinkChanged>(name, state, 'PUT', path, { connected });
  if (!result) return;
  const { reached, nodes, seconds } = result;
  say(`${name}: ${reached}/${nodes} ${state} (${seconds.toFixed(1)} s)`);
}

/** Does it and says how far it is; resolves with the result, or undefined after it has said why it failed. */
async function follow<T>(
  name: string,
  state: string,
  ...[method, path, body]: [method: 'POST' | 'PUT', path: string, body: object]
): Promise<T | undefined> {
  if (busy) return undefined;
  const focused = document.activeElement;
  setBusy(true);
  say(`${name} …`);
  const outcome = await perform<T>(method, path, body, ({ done, of }) => say(`${name}: ${done}/${of} ${state}`));
  setBusy(false);
  if (focused instanceof HTMLElement && document.activeElement === document.body) focused.focus();
  changed();
  if ('result' in outcome) return outcome.result;
  const { code, message, hint, details = [] } = outcome.error;
  say(`${name}: ${message} (${code})`, true);
  for (const text of [...details.slice(0, SHOWN), ...(hint ? [hint] : [])]) add(withNpx(text));
  show();
  return undefined;
}

function setBusy(is: boolean): void {
  busy = is;
  for (const id of ['changes', 'links']) find(document, `#${id}`, HTMLFieldSetElement).disabled = is;
}

function say(text: string, failed = false): void {
  byId('outcome').classList.toggle('bad', failed);
  setText(byId('outcome'), text);
}

const add = (text: string) => byId('outcome').append(create('p', 'dim', text));
