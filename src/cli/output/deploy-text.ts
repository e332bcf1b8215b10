/** Texts of `deploy` and `stop`. */
import type { DeployFact, DeployResult, RegionDeployment } from '../../operations/deploy/deploy-publisher.js';
import type { StopResult } from '../../operations/deploy/stop-jobs.js';
import type { KeptReadings } from '../../operations/kept-readings.js';
import { eventText } from './event-text.js';
import { countText, secondsText } from './terminal-text.js';

/** The result as `-o json` shows it: facts are `notes` there. */
export function deployDocument({ facts, seconds, ...result }: DeployResult) {
  return { ...result, notes: deployNotes(facts), seconds };
}

export function deployText({ regions, facts, unaccounted, seconds }: DeployResult): string {
  const seen = regions.reduce((sum, region) => sum + Math.min(region.seen, region.expected), 0);
  const expected = regions.reduce((sum, region) => sum + region.expected, 0);
  const pending = pendingLines(regions);
  const lines = [...deployNotes(facts), ...pending];
  if (expected > 0 || pending.length === 0)
    lines.push(`${seen}/${expected} sensors reporting (${secondsText(seconds)})${unchangedText(regions)}`);
  if (unaccounted > 0) lines.push(`at most ${countText(unaccounted, 'reading')} of the sensors before did not come`);
  return lines.join('\n');
}

type PendingRegion = Pick<RegionDeployment, 'region' | 'pending' | 'kept' | 'unseen'>;

export function pendingLines(regions: PendingRegion[]): string[] {
  const waiting = regions.filter(({ pending }) => pending > 0);
  const cut = waiting.flatMap(({ region, kept, unseen }) => {
    if (unseen) return [`pending: ${region} is cut off; it runs there, and is not seen yet`];
    return kept?.readings ? [`pending: ${region} is cut off, its ${keptText(kept)}`] : [];
  });
  const others = waiting
    .filter(({ kept, unseen }) => !kept?.readings && !unseen)
    .map(({ region, pending }) => `${region}: ${pending}`);
  return others.length > 0
    ? [...cut, `pending: disconnected nodes run it when they reconnect (${others.join(', ')})`]
    : cut;
}

export const keptText = ({ sensors, readings }: KeptReadings): string =>
  `${countText(sensors, 'sensor')} ${sensors === 1 ? 'keeps' : 'keep'} up to ${countText(readings, 'reading')}`;

export const unchangedText = (regions: { unchanged: boolean }[]): string =>
  regions.every(({ unchanged }) => unchanged) ? '; unchanged, already running' : '';

export const deployNotes = (facts: DeployFact[]): string[] => facts.map(eventText);

export function stopPublisherText({ stopped, quietSeconds, givenUp }: StopResult): string {
  if (stopped.length === 0) return 'no publisher was running';
  const lost = givenUp > 0 ? `; up to ${countText(givenUp, 'reading')} that sensors kept were given up` : '';
  return `stopped in ${stopped.join(', ')}; no reading for ${quietSeconds} s${lost}`;
}
