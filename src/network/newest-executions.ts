/** The executions that show the state of a job: a node runs one at a time, so the newest one of each node. */
import type { ExecutionInfo } from './network.js';

export interface ByNode {
  newest: ExecutionInfo[];
  /** Older executions, each with the one that replaced it; jobs keep them. */
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
