/** The search field: finds regions and sensors by a part of their name. `/` leads to it; Enter selects the first found. */
import type { SensorView } from '../../fleet/fleet-view.js';
import { byId, create, find } from './dom.js';
import { byNumber, countText } from './format.js';
import { compareRegions } from './regions.js';
import { placeQuery, type Selection, select } from './selection.js';
import { sensorsIn, showsPart } from './sensors.js';
import { ask } from './session.js';

const MAX_FOUND = 8;

interface Found {
  selection: Selection;
  /** No two are the same. */
  name: string;
  about: string;
}

export function listenToSearch(): void {
  const field = find(document, '#search', HTMLInputElement);
  let found: Found[] = [];
  const search = () => {
    found = matching(field.value.trim().toLowerCase());
    const options = found.map(({ name, about }) => Object.assign(create('option', '', about), { value: name }));
    byId('found').replaceChildren(...options);
  };
  const leave = () => {
    field.value = '';
    field.blur();
  };
  const choose = (selection: Selection | undefined) => {
    if (!selection) return;
    leave();
    select(selection);
  };
  field.addEventListener('focus', search);
  field.addEventListener('input', (event) => {
    search();
    const isTyped = event instanceof InputEvent && event.inputType !== 'insertReplacementText';
    if (!isTyped) choose(found.find(({ name }) => name === field.value)?.selection);
  });
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') void first(field.value.trim(), found).then(choose);
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    leave();
  });
  addEventListener('keydown', (event) => {
    const { target } = event;
    const elsewhere = target instanceof Element && target.closest('input, select, dialog');
    if (event.key !== '/' || elsewhere || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    field.focus();
  });
}

/** The first found; of a fleet that is shown in part, the sensor of exactly this name, which the puller may know. */
async function first(text: string, found: Found[]): Promise<Selection | undefined> {
  const [best] = found;
  if (!showsPart() || found.some(({ name }) => name === text)) return best?.selection;
  const { answer } = await ask<{ sensors: SensorView[] }>(`fleet?${placeQuery({ host: text })}`);
  const [known] = answer?.sensors ?? [];
  return known ? { region: known.region, host: known.hostname } : best?.selection;
}

/** The fleet and the regions first; names that begin with the text before others. */
function matching(text: string): Found[] {
  const regions = new Map<string, number>();
  const hosts = new Map<string, Found>();
  for (const { region, hostname } of sensorsIn({})) {
    regions.set(region, (regions.get(region) ?? 0) + 1);
    const isTaken = (hosts.get(hostname)?.about ?? region) !== region;
    const name = isTaken ? `${hostname} (${region})` : hostname;
    hosts.set(name, { selection: { region, host: hostname }, name, about: region });
  }
  const places = [...regions]
    .sort(([a], [b]) => compareRegions(a, b))
    .map(([name, count]) => ({ selection: { region: name }, name, about: `region, ${countText(count, 'sensor')}` }));
  const matches = ({ name }: Found) => name.toLowerCase().includes(text);
  const begins = ({ name }: Found) => (name.toLowerCase().startsWith(text) ? 0 : 1);
  const sorted = [...hosts.values()].filter(matches).sort((a, b) => begins(a) - begins(b) || byNumber(a.name, b.name));
  const fleet = { selection: {}, name: 'all sensors', about: 'the fleet' };
  return [...[fleet, ...places].filter(matches), ...sorted].slice(0, MAX_FOUND);
}
