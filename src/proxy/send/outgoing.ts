/** From accepted readings to messages for the queue: one each, or many of them packed as lines (docs/protocol.md). */
import { isReading } from '../../protocol/message.js';
import { RELAY_ATTRIBUTE, relayedLine } from '../../protocol/relay.js';
import { SENSOR_CONFIG_ATTRIBUTE } from '../../protocol/sensor-config.js';
import { MAX_PACKED_READINGS, PACKED_ATTRIBUTE, packedBody } from '../../queue/packed.js';
import type { OutgoingMessage } from '../../queue/queue.js';
import type { SentMessage } from './parse-body.js';

export interface Outgoing extends OutgoingMessage {
  /** What it is made of. */
  readings: SentMessage[];
  /** Of what may go packed with others. */
  lines?: string;
}

/** Of the lines; gzip makes a tenth to a sixth of it, and a message that it makes no shorter still has less than 256 KiB. */
export const MAX_PACKED_LENGTH = 180_000;
/** A sensor's report about itself, passed on unchanged; see `parseReportedConfig`. */
const REPORTED = /^[\x21-\x7e]{1,2400}$/;

export function single(sent: SentMessage): Outgoing {
  const { text: body, reported } = sent;
  if (reported === undefined || !REPORTED.test(reported)) return { body, readings: [sent] };
  return { body, attributes: { [SENSOR_CONFIG_ATTRIBUTE]: reported }, readings: [sent] };
}

/** Readings as they may go with those of other requests; what is none goes single. */
export function packable(sent: SentMessage): Outgoing {
  const alone = single(sent);
  if (!isReading(sent.message)) return alone;
  const reported = alone.attributes && sent.reported;
  return { ...alone, lines: relayedLine({ text: sent.text, reported }) };
}

/** Readings many in a message, as lines; other messages single. */
export function packed(messages: SentMessage[]): Outgoing[] {
  const packs: Outgoing[] = [];
  let last: (Outgoing & { lines: string }) | undefined;
  for (const sent of messages) {
    const { lines, ...alone } = packable(sent);
    if (lines === undefined) packs.push(alone);
    else if (
      last &&
      last.lines.length + lines.length <= MAX_PACKED_LENGTH &&
      last.readings.length < MAX_PACKED_READINGS
    ) {
      last.lines += lines;
      last.readings.push(sent);
    } else {
      last = { ...alone, lines };
      packs.push(last);
    }
  }
  return packs;
}

/** One message of what goes together. A single reading is left as it is. */
export function joined(parts: Outgoing[]): OutgoingMessage {
  const [first, second] = parts;
  const { body, attributes } = first ?? { body: '' };
  if (first?.lines === undefined || (second === undefined && first.readings.length === 1)) {
    return attributes === undefined ? { body } : { body, attributes };
  }
  const packed = packedBody(parts.map(({ lines }) => lines).join(''));
  const relay = attributes?.[RELAY_ATTRIBUTE];
  const report = relay === undefined ? {} : { [RELAY_ATTRIBUTE]: relay };
  return { body: packed.body, attributes: { [PACKED_ATTRIBUTE]: packed.encoding, ...report } };
}
