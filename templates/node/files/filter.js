const DEFAULT_THRESHOLD = 25;

/** What the module decides; knows nothing of the hub. */
export class Filter {
  threshold = DEFAULT_THRESHOLD;
  #received = 0;
  #forwarded = 0;

  /** Takes over desired properties; a threshold of `null` is the default again. */
  apply({ threshold = this.threshold }) {
    if (threshold === null) {
      this.threshold = DEFAULT_THRESHOLD;
    } else if (Number.isFinite(threshold)) {
      this.threshold = threshold;
    } else {
      console.warn(`ignored the threshold ${JSON.stringify(threshold)}: expected a number`);
    }
  }

  /** Returns the document to forward, or `undefined` to drop the message. */
  handle(data) {
    this.#received += 1;
    let body;
    try {
      body = JSON.parse(data.toString('utf8'));
    } catch {
      console.warn('dropped a message that is not JSON');
      return undefined;
    }
    // The simulated sensor sends a machine's temperature; others send one at the top.
    const temperature = [body?.machine?.temperature, body?.temperature].find(Number.isFinite);
    if (temperature === undefined || temperature <= this.threshold) return undefined;
    this.#forwarded += 1;
    return { ...body, alert: true, count: this.#forwarded };
  }

  status() {
    return { received: this.#received, forwarded: this.#forwarded, threshold: this.threshold };
  }
}
