/** How many clients may listen to events, and how many of them may read what was received before, at the same time. */

/** Browsers, terminals and programs. A slow one holds up to 4 MB. */
const MAX_STREAMS = 100;
/** A replay holds a page of the store, up to 16 MB where messages are large. */
const MAX_REPLAYS = 4;
/** A replay of 100,000 readings takes a second or two. */
export const RETRY_AFTER_S = 2;

/** A client's place; each call counts once. */
export interface StreamPlace {
  /** The past was sent. */
  endReplay(): void;
  /** The client is gone. */
  leave(): void;
}

export class StreamShare {
  #streams = 0;
  #replays = 0;

  /** A place for a client, or what there is too much of. */
  take(replays: boolean): StreamPlace | 'streams' | 'replays' {
    if (this.#streams >= MAX_STREAMS) return 'streams';
    if (replays && this.#replays >= MAX_REPLAYS) return 'replays';
    this.#streams++;
    if (replays) this.#replays++;
    let isReplaying = replays;
    let isHere = true;
    const endReplay = () => {
      if (isReplaying) this.#replays--;
      isReplaying = false;
    };
    return {
      endReplay,
      leave: () => {
        endReplay();
        if (isHere) this.#streams--;
        isHere = false;
      },
    };
  }
}
