/** Names and labels of edge nodes, the same in every network that this program starts. */

export const edgeName = (region: string, number: number): string => `edge-${region}-${number}`;

export const isEdgeOf = (name: string, region: string): boolean => name.startsWith(`edge-${region}-`);

/** By these labels jobs find their region. */
export const edgeLabels = (region: string) => ({ region, type: 'edge' as const });
