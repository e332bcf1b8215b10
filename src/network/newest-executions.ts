/** Which executions of a job tell how it is: a node runs one at a time, so the newest one of each node. */
import type { ExecutionInfo } from './network.js';

export interface ByNode {
  newest: ExecutionInfo[];
  /** Executions that are history, with the one that took their place; jobs keep them for ever. */
  replaced: (ExecutionInfo & { by: string })[];
}

/** @param executions of one job, oldest first */
export function newestByNode(executions: ExecutionInfo[]): ByNode {
  const newest = new Map(executions.map((execution) => [execution.node, execution]));
  return {
    newest: [...newest.values()],
    replaced: executions.flatMap((execution) => {
      const by = newest.get(execution.node)!.id;
      return by === execution.id ? [] : [{ ...execution, by }];
    }),
  };
}
