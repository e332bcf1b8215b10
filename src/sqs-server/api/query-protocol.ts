/**
 * The older query protocol of SQS (a form in, XML out), which this server does not speak: it only refuses it in a way that the
 * SDKs that still use it can show.
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
 */
import { randomUUID } from 'node:crypto';
import { SqsError } from '../protocol/sqs-error-answer.js';
import type { SqsResponse } from './json-protocol.js';

const REFUSAL = new SqsError(
  'UnsupportedOperation',
  'This server speaks the JSON protocol of SQS, not the query (XML) protocol. Use an SDK version of 2024 or newer.',
);

/** Whether a request without `X-Amz-Target` names its action as the query protocol does. */
export function isQueryRequest(url: string, body: Uint8Array): boolean {
  const start = new TextDecoder().decode(body.subarray(0, 4096));
  return /[?&]Action=/.test(url) || /(^|&)Action=/.test(start);
}

export function refuseQuery(): SqsResponse {
  const requestId = randomUUID();
  const { fault, legacyCode, message, status } = REFUSAL;
  return {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body:
      '<?xml version="1.0"?><ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/">' +
      `<Error><Type>${fault}</Type><Code>${legacyCode}</Code><Message>${message}</Message><Detail/></Error>` +
      `<RequestId>${requestId}</RequestId></ErrorResponse>`,
  };
}
