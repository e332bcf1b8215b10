/** The network link of a region: when it is cut its guests run on, but nothing they send arrives. */
import type { HttpAnswer, HttpRequest, HttpTransport } from './transport.js';

const CUT: HttpAnswer = { result: 2 };

export class RegionLink {
  private up = true;
  /** Requests under way: each fails its request when called. */
  private readonly underWay = new Set<() => void>();

  get connected(): boolean {
    return this.up;
  }

  /** Cutting also breaks the connections of requests under way. */
  setConnected(connected: boolean): void {
    this.up = connected;
    if (!connected) for (const fail of [...this.underWay]) fail();
  }

  /** Sends over this link; the result cancels. */
  send(transport: HttpTransport, request: HttpRequest, done: (answer: HttpAnswer) => void): () => void {
    if (!this.up) {
      const refusal = setImmediate(done, CUT);
      return () => clearImmediate(refusal);
    }
    const cancel = transport.send(request, (answer) => {
      this.underWay.delete(fail);
      done(answer);
    });
    const fail = () => {
      this.underWay.delete(fail);
      cancel();
      done(CUT);
    };
    this.underWay.add(fail);
    return () => {
      this.underWay.delete(fail);
      cancel();
    };
  }
}
