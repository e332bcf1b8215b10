/** What happens in the proxy, for its log; `cli/output` makes sentences of it. */
export type ProxyEvent =
  /** Once until it works again, and again when the reason changes. */
  | { type: 'queue.failing'; message: string }
  | { type: 'queue.recovered' }
  | { type: 'batch.sent'; messages: number; ms: number }
  | { type: 'request.refused'; status: number; code: string; message: string };
