/**
 * What an operator has set, where all proxies of a fleet share it in a database (docs/protocol.md, "Several proxies"): each reads
 * and changes it, and answers its sensors from the copy in its state folder, also while the database is away.
 */
import { z } from 'zod';
import { AppError, messageOf } from '../lib/errors/app-error.js';
import { desiredStateSchema } from '../protocol/desired-config.js';
import { type AskingOptions, asking, type FollowStatus } from './authority-follower.js';
import { type DesiredConfigStore, desiredConfigStore } from './desired-config-store.js';
import { type RevokedHosts, revocations } from './revoked-hosts.js';

/** `seen`: the newest version that sensors of any proxy have reported. */
const contentSchema = z.object({ desired: desiredStateSchema, seen: z.number(), revoked: z.array(z.string()) });
export type SharedContent = z.output<typeof contentSchema>;

/** One document for all proxies. Each call rejects with a code `STORE_…` where the database does not do it. */
export interface SharedDocument {
  /** Where it is, without a password. */
  readonly url: string;
  /** The document, without its content where that is `known`; where there is none yet, `initial` becomes it. */
  read(initial: SharedContent, known?: number): Promise<{ revision: number; content: unknown }>;
  /** Replaces the document by what `work` makes of it; resolves when that is committed. One change is made after the other. */
  change<T>(
    work: (content: unknown) => Promise<{ content: SharedContent; result: T }>,
  ): Promise<{ revision: number; result: T }>;
}

export interface Held {
  desired: DesiredConfigStore;
  revoked: RevokedHosts;
}

/** What is held here in files, or in the database: changes are made to it, and it is durable when this resolves. */
export type Change = <T>(work: (held: Held) => T | Promise<T>) => Promise<T>;

/** Longer than any change takes; a server that hangs does not even refuse. */
const CHANGE_MS = 10_000;

export type SharedState = ReturnType<typeof sharedState>;

/** `own`: the copy. */
export function sharedState(own: Held, document: SharedDocument, options: AskingOptions = {}) {
  let revision: number | undefined;
  /** Newest version held there or reported. */
  let newest = 0;
  let status: FollowStatus = { kind: 'following' };
  /** What this proxy holds is of this database. Before, it may be of another fleet. */
  let joined = false;

  const contentOf = ({ desired, revoked }: Held): SharedContent => ({
    desired: desired.state,
    seen: desired.newestKnown,
    revoked: revoked.list,
  });

  /** Of a document: in memory, with what this proxy knows more. */
  function opened(content: unknown): Held {
    const { desired: state, seen, revoked: hosts } = contentSchema.parse(content);
    const held = { desired: desiredConfigStore(), revoked: revocations() };
    held.desired.takeOver(state);
    if (joined) held.desired.takeOver(own.desired.state);
    held.desired.recordReportedVersion(Math.max(seen, own.desired.newestKnown));
    held.revoked.replace(hosts);
    return held;
  }

  function keep(held: Held, of: number): FollowStatus {
    own.desired.takeOver(held.desired.state);
    own.desired.recordReportedVersion(held.desired.newestKnown);
    own.revoked.replace(held.revoked.list);
    revision = of;
    newest = own.desired.newestKnown;
    const [here, there] = [own.desired.version, held.desired.version];
    status = here > there ? { kind: 'ahead', held: here, authority: there } : { kind: 'following' };
    joined ||= status.kind === 'following';
    return status;
  }

  const change: Change = async (work) => {
    const made = document.change(async (content) => {
      // There is none yet where the database was away since the start.
      const held = opened(content ?? contentOf(own));
      const result = await work(held);
      return { content: contentOf(held), result: { held, result } };
    });
    const late = AbortSignal.timeout(CHANGE_MS);
    const committed = await Promise.race([made, rejectionOf(late)]).catch((error) => {
      if (!late.aborted && !(error instanceof AppError && error.code.startsWith('STORE_'))) throw error;
      const why = late.aborted ? `it has not answered within ${CHANGE_MS / 1_000} s` : messageOf(error);
      throw new AppError('AUTHORITY_UNREACHABLE', `the database of the proxies must take a change: ${why}`, {
        cause: error,
      });
    });
    // A copy that can't be written now is written after the next read.
    await asked.note(async () => keep(committed.result.held, committed.revision));
    return committed.result.result;
  };

  async function ask(): Promise<FollowStatus> {
    const known = own.desired.newestKnown === newest ? revision : undefined;
    const found = await document.read(contentOf(own), known);
    if (found.revision === known) return status;
    const held = opened(found.content);
    const { desired, seen } = contentSchema.parse(found.content);
    const isNewerHere =
      held.desired.version > desired.version || held.desired.newestKnown > Math.max(seen, desired.version);
    if (!isNewerHere) return keep(held, found.revision);
    // It was restored from an older copy, or sensors of this proxy have a version that it has lost.
    await change(() => {});
    return status;
  }

  const asked = asking(ask, options);
  return Object.assign(asked, { url: document.url, change });
}

const rejectionOf = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
