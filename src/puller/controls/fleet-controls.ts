/** The port through which the page asks and changes what other services hold. The puller itself holds no configuration. */
import { z } from 'zod';
import type { Convergence, HiddenBy, SensorView } from '../../fleet/fleet-view.js';
import { type Scope, type ScopeConfig, scopeSchema } from '../../protocol/desired-config.js';
import { type SensorConfigField, sensorConfigSchema, type VersionedConfig } from '../../protocol/sensor-config.js';

/** Body of `POST /controls/config`. */
export const configChangeSchema = z.strictObject({
  scope: scopeSchema,
  set: sensorConfigSchema.default({}),
  unset: z.array(sensorConfigSchema.keyof()).default([]),
  /** Clears the fields in narrower scopes, which would keep the change from their sensors. */
  includeNarrower: z.boolean().default(false),
});
export type ConfigChange = z.output<typeof configChangeSchema>;
export type ConfigChangeBody = z.input<typeof configChangeSchema>;

/** What can be changed from here; where it can't, the page names the command. */
export interface Offers {
  /** The proxies that hold the fleet configuration are known. */
  config: boolean;
  /** `up` runs here, and its network can cut regions. */
  links: boolean;
}

/** `GET /controls`. */
export interface ControlsView extends Offers {
  /** Whether the browser has signed in with the operator token: the request carries the key of its session. */
  operator: boolean;
  /** Whether there is an operator token to sign in with. */
  signIn: boolean;
}

/** A host is named with its region, which decides what its sensors do, too. */
export interface Place {
  region: string | undefined;
  hostname: string | undefined;
}

/** `GET /fleet/config`: what each scope from the fleet on sets, and who follows. */
export interface PlaceConfig {
  /** The widest first; null: nothing was ever set. */
  scopes: { scope: Scope; config: ScopeConfig | null }[];
  lost?: number;
  convergence: Pick<Convergence, 'sensors' | 'converged' | 'pending'>;
  /** Fields that all sensors of the place have from the same source and with the same value. */
  alike: SensorConfigField[];
  /** Some of them. */
  sensors: (Pick<SensorView, 'hostname' | 'region' | 'state' | 'color' | 'icon_name'> & {
    reported: SensorView['config'] | null;
    desired: VersionedConfig;
    /** Where each value comes from. */
    scopes: Record<string, string>;
  })[];
}

/** What was seen of a change of the configuration. */
export interface SeenChange {
  sensors: number;
  /** Those whose readings show the change. */
  converged: number;
  seconds: number;
  /** Narrower scopes that keep the change from their sensors. */
  hidden: HiddenBy[];
  /** Hosts whose readings are refused, so that nothing shows what they do. */
  revoked: string[];
}

/** What became of it; what was seen is left out where nobody has waited for it. */
export type ConfigChanged = { version: number } & Partial<SeenChange>;

/** What became of a cut, or of the end of one. */
export interface LinkChanged {
  /** Edge nodes of the region that are in this state, of all it has. */
  reached: number;
  nodes: number;
  seconds: number;
}

export interface DeadLetter {
  id: string;
  /** As the puller gave it; undefined where it did not send the message there. */
  reason?: string | undefined;
  /** The queue service moved it, because it was delivered too often and never deleted. */
  exhausted: boolean;
  /** Unix milliseconds: when the puller rejected it; where the queue service moved it, when it was sent at first. */
  sentAt: number;
  /** Of its sensor, where the body tells. */
  region?: string | undefined;
  hostname?: string | undefined;
  body: string;
}

/** `GET /fleet/dead-letters`: the newest of the oldest hundred, newest first. */
export interface DeadLettersView {
  /** How many were read: the newest of a queue with more may not be among them. */
  seen: number;
  complete: boolean;
  letters: DeadLetter[];
}

export type Report = (progress: { done: number; of: number }) => void;

/** What methods resolve with is what the command of the same purpose prints as JSON; they reject as it fails. */
export interface FleetControls {
  offers(): Promise<Offers>;
  /** As `config show`, of the whole fleet, a region, or a host. */
  readConfig(place: Place): Promise<PlaceConfig>;
  /** As `config set` and `config unset`; reports sensors whose readings show the change. */
  changeConfig(change: ConfigChange, report: Report): Promise<ConfigChanged>;
  /** As `region disconnect` and `region reconnect`; reports nodes. */
  setRegionLink(region: string, connected: boolean, report: Report): Promise<LinkChanged>;
  deadLetters(): Promise<DeadLettersView>;
}
