/** From accepted readings to messages for the queue: one each, or many of them packed as lines (docs/protocol.md). */
import { isReading } from '../protocol/message.js';
import { PACKED, PACKED_ATTRIBUTE, relayedLine } from '../protocol/relay.js';
import { SENSOR_CONFIG_ATTRIBUTE } from '../protocol/sensor-config.js';
import type { OutgoingMessage } from '../queue/queue.js';
import type { SentMessage } from './parse-body.js';

export interface Outgoing extends OutgoingMessage {
  /** What it is made of. */
  readings: SentMessage[];
}

/** Amazon bills each 64 KiB. */
const MAX_PACKED_LENGTH = 60_000;
/** A sensor's report about itself, passed on unchanged; see `parseReportedConfig`. */
const REPORTED = /^[\x21-\x7e]{1,2400}$/;

export function single(sent: SentMessage): Outgoing {
  const { text: body, reported } = sent;
  if (reported === undefined || !REPORTED.test(reported)) return { body, readings: [sent] };
  return { body, attributes: { [SENSOR_CONFIG_ATTRIBUTE]: reported }, readings: [sent] };
}

/** Readings many in a message, as lines; other messages single. */
export function packed(messages: SentMessage[]): Outgoing[] {
  const packs: Outgoing[] = [];
  let last: Outgoing | undefined;
  for (const sent of messages) {
    if (sent.reported !== undefined && !REPORTED.test(sent.reported)) sent.reported = undefined;
    const line = isReading(sent.message) ? relayedLine(sent) : undefined;
    if (line === undefined) packs.push(single(sent));
    else if (last && last.body.length + line.length <= MAX_PACKED_LENGTH) {
      last.body += line;
      last.readings.push(sent);
    } else {
      last = { body: line, attributes: { [PACKED_ATTRIBUTE]: PACKED }, readings: [sent] };
      packs.push(last);
    }
  }
  return packs;
}
