/** What the operator should know about a network, as data; `cli/output` makes the sentences. */
export type NetworkFact =
  /** No sensor can run on an edge node; `reason` is the node's `unschedulable`. */
  | { type: 'node.unschedulable'; node: string; reason: string }
  /** They have not connected in time, and are waited for no longer; what should run on them starts when they come. */
  | { type: 'nodes.late'; nodes: string[] }
  /** One of these has connected. */
  | { type: 'node.arrived'; node: string }
  /** The damaged file of the running jobs was moved here. */
  | { type: 'jobs.quarantined'; file: string }
  /** Bacalhau had given up the job on these nodes, so it was started again. */
  | { type: 'job.restarted'; job: string; nodes: string[] }
  /** A cluster's nodes do not forward `HOSTNAME`: sensors are named by their executions. */
  | { type: 'hostname.not-forwarded'; region: string }
  | { type: 'proxy.unreachable'; url: string }
  /** These variables are in the job document, because the nodes can't be given them. */
  | { type: 'secrets.in-job'; variables: string[] }
  /** A container crashed; Docker restarts it. */
  | { type: 'container.crashed'; service: string; lastLines: string[] }
  /** A container was killed or stopped by somebody else, which Docker leaves as it is; it is started again. */
  | { type: 'container.exited'; service: string; exitCode: number; lastLines: string[] }
  /** Containers are not watched while Docker does not answer. */
  | { type: 'docker.silent'; reason: string }
  | { type: 'docker.answering' }
  /** A container or network that an earlier `up` left. */
  | { type: 'orphan.removed'; name: string }
  /** With what holds it. */
  | { type: 'orphan.kept'; name: string }
  /** The network starts without a node for service jobs. */
  | { type: 'services-node.missing'; reason: string }
  /** An environment file was made from its template; while it is empty, the embedded queue is used. */
  | { type: 'environment.made'; file: string }
  /** No relay leads to the proxy: cutting a region leaves its sensors connected to it. */
  | { type: 'proxy.not-relayed'; url: string };
