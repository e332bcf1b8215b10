/** Containers that Docker itself starts again after a crash: only their counts tell. */
import { docker } from '../../docker/docker-cli.js';
import { type Container, lastLinesOf } from './compose-project.js';

export class Crashes {
  private readonly counts = new Map<string, number>();

  /** Those that were started again since the last look, or ever at the first one, and the last lines of the run before. */
  async since(containers: Pick<Container, 'name' | 'service'>[]): Promise<{ service: string; words: string[] }[]> {
    if (containers.length === 0) return [];
    const format = '{{.RestartCount}} {{.State.StartedAt}}';
    const lines = (await docker(['inspect', '--format', format, ...containers.map(({ name }) => name)])).split('\n');
    const crashed = [];
    for (const [index, { name, service }] of containers.entries()) {
      const [count = '0', startedAt = ''] = (lines[index] ?? '').split(' ');
      const before = this.counts.get(name) ?? 0;
      this.counts.set(name, Number(count));
      if (Number(count) <= before) continue;
      crashed.push({ service, words: await lastLinesOf(name, 2, startedAt) });
    }
    return crashed;
  }
}
