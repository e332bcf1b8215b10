/** What the newest summary says of regions: their order is that in which the puller, the commands and all parts of the page name them. */
import type { RegionView } from '../../fleet/fleet-view.js';

/** Always shown, even without sensors, and the first. */
export const KNOWN_REGIONS = new Map([
  ['us', 'United States'],
  ['eu', 'Europe'],
  ['as', 'Asia'],
]);

let places = new Map<string, number>();
let cut = new Set<string>();

/** `regions`: of a summary, in the order of the puller. */
export function observeRegions(regions: RegionView[]): void {
  const names = new Set([...KNOWN_REGIONS.keys(), ...regions.map(({ region }) => region)]);
  places = new Map([...names].map((region, i) => [region, i]));
  cut = new Set(regions.flatMap((view) => (view.cut ? [view.region] : [])));
}
observeRegions([]);

/** The operator has cut its link. */
export const isCut = (region: string): boolean => cut.has(region);

/** Regions that no summary has are the last. */
export const compareRegions = (a: string, b: string): number =>
  (places.get(a) ?? places.size) - (places.get(b) ?? places.size);
