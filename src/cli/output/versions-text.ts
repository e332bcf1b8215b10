/** The publisher's versions, as the flags that they were deployed with. */
import type { PublisherVersion, PublisherVersions } from '../../operations/deploy/versions.js';

/** Regions with the same versions are one line: the current one, since when, and the one that `--undo` brings back. */
export function versionLines(versions: PublisherVersions): string[] {
  const regions = new Map<string, string[]>();
  for (const [region, { current, previous }] of Object.entries(versions)) {
    const since = new Date(current.submittedAt).toISOString().replace(/\.\d+Z$/, 'Z');
    const failed = current.works ? '' : ' (has not reported)';
    const before = previous ? `; before: ${flagsText(previous)} (deploy publisher --undo)` : '';
    const text = `${flagsText(current)} since ${since}${failed}${before}`;
    regions.set(text, [...(regions.get(text) ?? []), region]);
  }
  return [...regions].map(([text, of]) => (regions.size > 1 ? `${of.join(', ')}: ${text}` : text));
}

function flagsText({ options, module }: PublisherVersion): string {
  const { config, allow, ...others } = options;
  const flags = Object.entries({ ...config, ...others, allow: allow?.join(','), module: module?.file });
  const words = flags.flatMap(([name, value]) => {
    if (value === undefined || value === '') return [];
    const flag = `--${name.replace(/_|(?=[A-Z])/g, '-').toLowerCase()}`;
    return value === true ? [flag] : [`${flag} ${value}`];
  });
  return words.length > 0 ? words.join(' ') : 'without options';
}
