/** The port through which the page asks and changes what other services hold. The puller itself holds no configuration. */
import { z } from 'zod';
import { scopeSchema } from '../../protocol/desired-config.js';
import { sensorConfigSchema } from '../../protocol/sensor-config.js';

/** Body of `POST /controls/config`. */
export const configChangeSchema = z.strictObject({
  scope: scopeSchema,
  set: sensorConfigSchema.default({}),
  unset: z.array(sensorConfigSchema.keyof()).default([]),
  /** Clears the fields in narrower scopes, which would keep the change from their sensors. */
  includeNarrower: z.boolean().default(false),
});
export type ConfigChange = z.output<typeof configChangeSchema>;

/** What can be changed from here; where it can't, the page names the command. */
export interface Offers {
  /** The proxies that hold the fleet configuration are known. */
  config: boolean;
  /** `up` runs here, and its network can cut regions. */
  links: boolean;
}

/** `GET /controls`. */
export interface ControlsView {
  /** Whether the browser has signed in with the operator token: the request carries the key of its session. */
  operator: boolean;
  /** Whether there is an operator token to sign in with. */
  signIn: boolean;
  config: boolean;
  links: boolean;
}

/** A host is named with its region, which decides what its sensors do, too. */
export interface Place {
  region: string | undefined;
  hostname: string | undefined;
}

/** Called with how far an operation is. */
export type Report = (progress: { done: number; of: number }) => void;

/** What methods resolve with is what the command of the same purpose prints as JSON; they reject as it fails. */
export interface FleetControls {
  offers(): Promise<Offers>;
  /** As `config show`, of the whole fleet, a region, or a host: what each scope from the fleet on sets, and who follows. */
  readConfig(place: Place): Promise<object>;
  /** As `config set` and `config unset`; reports sensors whose readings show the change. */
  changeConfig(change: ConfigChange, report: Report): Promise<object>;
  /** As `region disconnect` and `region reconnect`; reports nodes. */
  setRegionLink(region: string, connected: boolean, report: Report): Promise<object>;
  /** The newest of the oldest hundred, newest first. */
  deadLetters(): Promise<object>;
}
