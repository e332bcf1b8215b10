/** The network link of a region: when it is cut its guests run on, but nothing they send arrives. */
import type { Closeable } from './guest-clock.js';
import type { HttpAnswer, HttpRequest, HttpTransport } from './transport.js';

const CUT: HttpAnswer = { result: 2 };

export class RegionLink {
  readonly underWay = new Set<LinkCall>();
  private up = true;

  get connected(): boolean {
    return this.up;
  }

  /** Cutting also breaks the connections of requests under way. */
  setConnected(connected: boolean): void {
    this.up = connected;
    if (!connected) for (const call of [...this.underWay]) call.fail();
  }

  /** Sends over this link; calls back once, unless it is closed first. */
  send(transport: HttpTransport, request: HttpRequest, done: (answer: HttpAnswer) => void): Closeable {
    const call = new LinkCall(this, done);
    this.underWay.add(call);
    if (this.up) call.sent = transport.send(request, call.answered);
    else setImmediate(() => call.fail());
    return call;
  }
}

/** A request that both its link and its sender can end. */
class LinkCall implements Closeable {
  sent: Closeable | undefined;

  constructor(
    private readonly link: RegionLink,
    private readonly done: (answer: HttpAnswer) => void,
  ) {}

  readonly answered = (answer: HttpAnswer): void => {
    if (this.link.underWay.delete(this)) this.done(answer);
  };

  /** As if the connection had broken. */
  fail(): void {
    this.sent?.close();
    this.answered(CUT);
  }

  close(): void {
    this.link.underWay.delete(this);
    this.sent?.close();
  }
}
