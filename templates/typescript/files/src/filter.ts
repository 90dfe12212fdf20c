const DEFAULT_THRESHOLD = 25;

type Document = Record<string, unknown>;

/** The counters and the threshold in force. */
export interface Status {
  received: number;
  forwarded: number;
  threshold: number;
}

/** What the module decides; knows nothing of the hub. */
export class Filter {
  threshold = DEFAULT_THRESHOLD;
  #received = 0;
  #forwarded = 0;

  /** Takes over desired properties; a threshold of `null` is the default again. */
  apply({ threshold }: Document): void {
    if (threshold === undefined) return;
    if (threshold === null) {
      this.threshold = DEFAULT_THRESHOLD;
    } else if (isNumber(threshold)) {
      this.threshold = threshold;
    } else {
      console.warn(`ignored the threshold ${JSON.stringify(threshold)}: expected a number`);
    }
  }

  /** Returns the document to forward, or `undefined` to drop the message. */
  handle(data: Uint8Array): Document | undefined {
    this.#received += 1;
    const body = parse(data);
    // The simulated sensor sends a machine's temperature; others send one at the top.
    const machine = body?.['machine'] as Document | null | undefined;
    const temperature = [machine?.['temperature'], body?.['temperature']].find(isNumber);
    if (temperature === undefined || temperature <= this.threshold) return undefined;
    this.#forwarded += 1;
    return { ...body, alert: true, count: this.#forwarded };
  }

  status(): Status {
    return { received: this.#received, forwarded: this.#forwarded, threshold: this.threshold };
  }
}

/** Says whether a value is a number that JSON can hold: one with too many digits is none. */
function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function parse(data: Uint8Array): Document | undefined {
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(data));
    return typeof body === 'object' && body !== null ? (body as Document) : undefined;
  } catch {
    console.warn('dropped a message that is not JSON');
    return undefined;
  }
}
